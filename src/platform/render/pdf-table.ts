import type { Pages } from './pdf-pages.ts';
import { toDrawable } from './pdf-text.ts';
import { COLORS, TONES, type Tone } from './pdf-theme.ts';

export interface TableColumn {
  label: string;
  /** Share of the table's width, relative to the other columns. */
  width: number;
  align?: 'left' | 'center' | 'right';
}

/** A text, or a text with a colored mark before it or in bold. */
export type TableCell = string | { text: string; tone?: Tone; bold?: boolean };

/** A row of cells in the order of the columns, or the title of the rows that follow. */
export type TableRow = readonly TableCell[] | { group: string };

export interface Table {
  columns: readonly TableColumn[];
  rows: AsyncIterable<TableRow> | Iterable<TableRow>;
  /** The title of a group on the pages after the one where it starts: `… (continued)`. */
  continued: (group: string) => string;
  /** Shown below the header when there is no row. */
  empty: string;
}

interface Placed {
  label: readonly string[];
  labelSize: number;
  align: 'left' | 'center' | 'right';
  x: number;
  width: number;
}

const SIZE = 8;
const PAD = 4;
const ROW = 15;
const GROUP = 18;
/** So many rows and titles of groups at the end of a table stay together: what one page more would be turned for. */
const TOGETHER = 3;
const HEADER_LINE = 10;
/** Headings shrink to this size before a word of theirs is cut. */
const SMALLEST_LABEL = 6.5;

/**
 * A table whose header stands again on every page, whose groups never start on the last line of one, whose last page has three
 * rows at least, and whose cells end in an ellipsis where they are too long. Rows are pulled one by one; `turned` is awaited after each page, so that the reader sets the pace.
 */
export async function drawTable(pages: Pages, table: Table, turned: () => Promise<void>): Promise<void> {
  const columns = place(pages, table.columns);
  const header = 6 + HEADER_LINE * Math.max(1, ...columns.map(({ label }) => label.length));
  let group: string | undefined;
  let groupDrawn = true;
  let striped = false;
  let rows = 0;
  let lastPage = 0;

  const turnIfFull = async (height: number) => {
    if (!pages.fits(height)) {
      pages.turn();
      drawHeader(pages, columns, header);
      if (group !== undefined && groupDrawn) drawGroup(pages, table.continued(group));
    }
    if (pages.page() !== lastPage) await turned();
    lastPage = pages.page();
  };
  const drawPendingGroup = () => {
    if (group !== undefined && !groupDrawn) drawGroup(pages, group);
    groupDrawn = true;
  };

  pages.begin(header + GROUP + ROW * TOGETHER);
  drawHeader(pages, columns, header);
  for await (const { row, after } of withAfter(table.rows)) {
    if ('group' in row) {
      if (!groupDrawn) await turnIfFull(GROUP);
      drawPendingGroup();
      group = row.group;
      groupDrawn = false;
      striped = false;
      continue;
    }
    const end = after.length < TOGETHER ? heightOf(after) : 0;
    await turnIfFull((groupDrawn ? ROW : GROUP + ROW) + end);
    drawPendingGroup();
    if (striped) pages.fill(pages.left, pages.y, pages.width, ROW, COLORS.zebra);
    drawCells(pages, columns, row);
    striped = !striped;
    rows += 1;
  }
  if (!groupDrawn) await turnIfFull(GROUP);
  drawPendingGroup();
  if (rows === 0 && group === undefined) {
    pages.text(table.empty, pages.left + PAD, pages.y + 4, { size: SIZE, color: COLORS.muted, width: pages.width });
    pages.y += ROW + 2;
  }
  pages.line(pages.left, pages.y, pages.right, pages.y, COLORS.rule);
  pages.y += 12;
}

/** Each row with those after it: all of them where they are fewer than `TOGETHER`. */
async function* withAfter(rows: Table['rows']): AsyncGenerator<{ row: TableRow; after: readonly TableRow[] }> {
  const held: TableRow[] = [];
  for await (const row of rows) if (held.push(row) > TOGETHER) yield { row: held.shift()!, after: held };
  while (held.length > 0) yield { row: held.shift()!, after: held };
}

const heightOf = (rows: readonly TableRow[]): number =>
  rows.reduce((sum, row) => sum + ('group' in row ? GROUP : ROW), 0);

function place(pages: Pages, columns: readonly TableColumn[]): Placed[] {
  const shares = columns.reduce((sum, { width }) => sum + width, 0);
  let x = pages.left;
  return columns.map(({ label, width: share, align = 'left' }) => {
    const width = (pages.width * share) / shares;
    const inner = width - 2 * PAD;
    const clean = toDrawable(label);
    const longest = Math.max(...clean.split(' ').map((word) => pages.type.width(word, 'bold', 1)));
    // Rounded down: a size that fits but for the last bit would break its longest word.
    const labelSize = Math.max(SMALLEST_LABEL, Math.min(SIZE, Math.floor((inner / longest) * 20) / 20));
    const lines = longest * labelSize > inner ? [clean] : pages.type.wrap(clean, 'bold', labelSize, inner, 2);
    const placed = { label: lines, labelSize, align, x: x + PAD, width: inner };
    x += width;
    return placed;
  });
}

function drawHeader(pages: Pages, columns: readonly Placed[], height: number): void {
  pages.fill(pages.left, pages.y, pages.width, height, COLORS.accentTint);
  for (const { label, labelSize, align, x, width } of columns) {
    label.forEach((line, index) => {
      const y = pages.y + height - 3 - HEADER_LINE * (label.length - index) + 1 + (SIZE - labelSize);
      pages.text(line, x, y, { font: 'bold', size: labelSize, color: COLORS.accent, width, align });
    });
  }
  pages.y += height;
  pages.line(pages.left, pages.y, pages.right, pages.y, COLORS.accent, 0.75);
}

function drawGroup(pages: Pages, group: string): void {
  const style = { font: 'bold', size: SIZE + 0.5, color: COLORS.ink, width: pages.width - 2 * PAD } as const;
  pages.text(group, pages.left + PAD, pages.y + 6, style);
  pages.y += GROUP;
  pages.line(pages.left, pages.y, pages.right, pages.y, COLORS.rule);
}

function drawCells(pages: Pages, columns: readonly Placed[], row: readonly TableCell[]): void {
  const y = pages.y + (ROW - SIZE) / 2 + 0.5;
  columns.forEach(({ align, x, width }, index) => {
    const cell = row[index] ?? '';
    const { text, tone, bold } = typeof cell === 'string' ? { text: cell } : cell;
    const mark = tone ? 11 : 0;
    if (tone) pages.fill(x, y - 0.5, 7, 7, TONES[tone].fill, 1.5);
    pages.text(text, x + mark, y, { font: bold ? 'bold' : 'regular', size: SIZE, width: width - mark, align });
  });
  pages.y += ROW;
}

import type { Pages } from './pdf-pages.ts';
import { toDrawable } from './pdf-text.ts';
import { COLORS, TONES, type Tone } from './pdf-theme.ts';

export interface TitleBlock {
  company: string;
  title: string;
  subtitle?: string;
  /** Period, time zone, who made it, when: label and value, in reading order. */
  facts: readonly { label: string; value: string }[];
}

/** The head of the first page: company, title on at most two lines, subtitle, and the facts in two columns. */
export function drawTitleBlock(pages: Pages, block: TitleBlock): void {
  const { left, width, type } = pages;
  pages.begin(120);
  pages.fill(left, pages.y, 36, 3, COLORS.accent);
  pages.y += 14;
  pages.text(block.company, left, pages.y, { font: 'bold', size: 9.5, color: COLORS.accent, width });
  pages.y += 17;
  for (const line of type.wrap(toDrawable(block.title), 'bold', 20, width, 2)) {
    pages.text(line, left, pages.y, { font: 'bold', size: 20 });
    pages.y += 25;
  }
  for (const line of type.wrap(toDrawable(block.subtitle ?? ''), 'regular', 10.5, width, 2)) {
    pages.text(line, left, pages.y, { size: 10.5, color: COLORS.muted });
    pages.y += 15;
  }
  pages.y += 7;
  const columnWidth = (width - 20) / 2;
  const labelWidth = Math.min(
    columnWidth / 2,
    Math.max(0, ...block.facts.map(({ label }) => type.width(toDrawable(label), 'regular', 8.5))) + 10,
  );
  block.facts.forEach(({ label, value }, index) => {
    const x = left + (index % 2) * (columnWidth + 20);
    const y = pages.y + Math.floor(index / 2) * 14;
    pages.text(label, x, y, { size: 8.5, color: COLORS.muted, width: labelWidth - 6 });
    pages.text(value, x + labelWidth, y, { size: 8.5, width: columnWidth - labelWidth });
  });
  pages.y += Math.ceil(block.facts.length / 2) * 14 + 4;
  pages.line(left, pages.y, pages.right, pages.y, COLORS.accent, 1);
  pages.y += 14;
}

/** A key figure: what it is called, its formatted value, and a small remark. The tone colors its edge. */
export interface Tile {
  label: string;
  value: string;
  note?: string;
  tone?: Tone;
}

const TILE = { height: 58, gap: 9, perRow: 4, narrowest: 130 } as const;

/** Key figures as tiles, four to a row, or five where these are all and fit; a long value is set smaller rather than cut. */
export function drawTiles(pages: Pages, tiles: readonly Tile[]): void {
  const isWide = pages.width / (TILE.perRow + 1) >= TILE.narrowest;
  const perRow = isWide && tiles.length === TILE.perRow + 1 ? tiles.length : Math.min(TILE.perRow, tiles.length);
  const tileWidth = (pages.width - TILE.gap * (perRow - 1)) / perRow;
  for (let start = 0; start < tiles.length; start += perRow) {
    pages.begin(TILE.height);
    tiles.slice(start, start + perRow).forEach((tile, index) => {
      drawTile(pages, tile, pages.left + index * (tileWidth + TILE.gap), tileWidth);
    });
    pages.y += TILE.height + TILE.gap;
  }
  pages.y += 4;
}

function drawTile(pages: Pages, tile: Tile, x: number, width: number): void {
  const { y, type } = pages;
  const inner = width - 18;
  pages.fill(x, y, width, TILE.height, COLORS.zebra, 2);
  pages.fill(x, y, 3, TILE.height, tile.tone ? TONES[tile.tone].fill : COLORS.accent);
  pages.text(tile.label, x + 11, y + 8, { size: 7.5, color: COLORS.muted, width: inner });
  const size =
    [18, 15, 12, 10].find((candidate) => type.width(toDrawable(tile.value), 'bold', candidate) <= inner) ?? 8.5;
  pages.text(tile.value, x + 11, y + 20 + (18 - size) / 2, { font: 'bold', size, width: inner });
  if (tile.note) pages.text(tile.note, x + 11, y + 44, { size: 7, color: COLORS.muted, width: inner });
}

/** A paragraph, wrapped; it flows over pages, two lines at least staying with its heading. */
export function drawParagraph(pages: Pages, text: string): void {
  const lines = pages.type.wrap(toDrawable(text), 'regular', 9, pages.width);
  lines.forEach((line, index) => {
    pages.begin(index === 0 ? Math.min(2, lines.length) * 13 : 13);
    pages.text(line, pages.left, pages.y, { size: 9 });
    pages.y += 13;
  });
  pages.y += 5;
}

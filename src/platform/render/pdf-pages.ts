import type PdfKit from 'pdfkit';
import { COLORS, FONTS, PAGE, type FontName } from './pdf-theme.ts';
import { createFonts } from './pdf-fonts.ts';
import { createTypesetter, needsEmbedded, toDrawable, type Typesetter } from './pdf-text.ts';

type Document = InstanceType<typeof PdfKit>;

export interface TextStyle {
  font?: FontName;
  size?: number;
  color?: string;
  /** Cuts the text by an ellipsis beyond this many points, and is what `align` refers to. */
  width?: number;
  align?: 'left' | 'center' | 'right';
}

/** What stands on every page. All texts come from the caller, in the reader's language. */
export interface PageFurniture {
  /** Head of every page but the first. */
  runningTitle: string;
  /** Foot of every page, on the right: who made it, and when. */
  footer: string;
  /** Foot of every page, on the left: `page x of y`. The total is drawn in a place of fixed width, so it stands best at the end. */
  pageOf: (page: number, total: string) => string;
}

/** A document as pages of blocks: places what is drawn, turns the page, keeps headings with what follows them. */
export interface Pages {
  doc: Document;
  type: Typesetter;
  left: number;
  right: number;
  width: number;
  /** Where the next block starts, in points from the top of the page. */
  y: number;
  /** The page being drawn, from 1. */
  page: () => number;
  /** Draws one line of text with its top at `y`, sanitized and fitted. */
  text: (text: string, x: number, y: number, style?: TextStyle) => void;
  fill: (x: number, y: number, width: number, height: number, color: string, radius?: number) => void;
  dot: (x: number, y: number, radius: number, color: string) => void;
  /** Fills an SVG path. */
  shape: (path: string, color: string) => void;
  line: (x1: number, y1: number, x2: number, y2: number, color: string, thickness?: number) => void;
  /** Draws with settings of its own (place, dash), which end with it. */
  isolated: (draw: () => void) => void;
  /** Announces a heading; it is drawn with the next block, on the same page as its start. */
  heading: (text: string) => void;
  /** Makes room for a block of this height (points), turning the page if needed. True if the page was turned. */
  begin: (height: number) => boolean;
  /** Whether a block of this height still fits on the page. */
  fits: (height: number) => boolean;
  turn: () => void;
  /** Draws what is pending and writes the number of pages into the place that every page left for it. */
  finish: () => void;
}

const HEADING = { size: 12, height: 26, gap: 10 } as const;
const FOOT = 7.5;
/** One line as it is; with `textWidth` and `wordCount` given, pdfkit does not measure what only links and underlines need. */
const UNMEASURED = { lineBreak: false, textWidth: 0, wordCount: 1 };
/** How far below its top the baseline of a line of Helvetica lies, by its size. */
const BASELINE = 0.718;
const TOTAL_MARK = '\u0001';

export function createPages(doc: Document, furniture: PageFurniture): Pages {
  const fonts = createFonts(doc);
  const type = createTypesetter(fonts.advance);
  const total = doc.ref({
    Type: 'XObject',
    Subtype: 'Form',
    BBox: [0, -3, 120, FOOT + 3],
    Resources: {
      Font: { F: { Type: 'Font', Subtype: 'Type1', BaseFont: FONTS.regular, Encoding: 'WinAnsiEncoding' } },
    },
  });
  const totalWidth = type.width('9999', 'regular', FOOT);
  let page = 0;
  let pendingHeading: string | undefined;
  let painted = '';

  /** Every change of color is written into the page: most texts have the color of the one before. */
  const paint = (color: string) => {
    if (color !== painted) doc.fillColor(color);
    painted = color;
  };

  const text: Pages['text'] = (raw, x, y, { font = 'regular', size = 8, color = COLORS.ink, width, align } = {}) => {
    const clean = toDrawable(raw);
    const shown = width === undefined ? clean : type.fit(clean, font, size, width);
    if (shown === '') return;
    let at = x;
    if (align && align !== 'left') {
      const spare = (width ?? 0) - type.width(shown, font, size);
      at += align === 'right' ? spare : spare / 2;
    }
    paint(color);
    const isEmbedded = needsEmbedded(shown);
    fonts.set(font, isEmbedded);
    // On one line with its neighbors, and with no word kept: the embedded font would keep each that it ever drew.
    const other = { ...UNMEASURED, baseline: -BASELINE * size, features: [] };
    doc.fontSize(size).text(shown, at, y, isEmbedded ? other : UNMEASURED);
  };

  const pages: Pages = {
    doc,
    type,
    left: PAGE.margin,
    right: 0,
    width: 0,
    y: PAGE.margin,
    page: () => page,
    text,
    fill(x, y, width, height, color, radius = 0) {
      paint(color);
      if (radius > 0) doc.roundedRect(x, y, width, height, radius).fill();
      else doc.rect(x, y, width, height).fill();
    },
    dot(x, y, radius, color) {
      paint(color);
      doc.circle(x, y, radius).fill();
    },
    shape(path, color) {
      paint(color);
      doc.path(path).fill();
    },
    line: (x1, y1, x2, y2, color, thickness = 0.5) => {
      doc.moveTo(x1, y1).lineTo(x2, y2).lineWidth(thickness).stroke(color);
    },
    isolated(draw) {
      const before = painted;
      doc.save();
      draw();
      doc.restore();
      painted = before;
    },
    heading(title) {
      if (pendingHeading !== undefined) pages.begin(0);
      pendingHeading = title;
    },
    fits: (height) => pages.y + height <= doc.page.height - PAGE.bottom,
    begin(height) {
      const first = pages.y <= PAGE.top;
      const headed = pendingHeading === undefined ? 0 : HEADING.height + (first ? 0 : HEADING.gap);
      const turned = !pages.fits(headed + height) && !first;
      if (turned) pages.turn();
      if (pendingHeading !== undefined) {
        if (pages.y > PAGE.top) pages.y += HEADING.gap;
        text(pendingHeading, pages.left, pages.y, {
          font: 'bold',
          size: HEADING.size,
          color: COLORS.accent,
          width: pages.width,
        });
        const rule = pages.y + HEADING.size + 4;
        pages.line(pages.left, rule, pages.right, rule, COLORS.rule, 0.75);
        pages.y += HEADING.height;
        pendingHeading = undefined;
      }
      return turned;
    },
    turn() {
      doc.addPage();
      painted = '';
      page += 1;
      pages.right = doc.page.width - PAGE.margin;
      pages.width = pages.right - pages.left;
      pages.y = PAGE.margin;
      if (page > 1) {
        text(furniture.runningTitle, pages.left, 28, { size: FOOT, color: COLORS.muted, width: pages.width });
        pages.line(pages.left, 41, pages.right, 41, COLORS.rule);
        pages.y = PAGE.top;
      }
      drawFoot();
    },
    finish() {
      if (pendingHeading !== undefined) pages.begin(0);
      total.end(`${rgb(COLORS.muted)} rg BT /F ${FOOT} Tf 0 0 Td (${page}) Tj ET`);
    },
  };

  const drawFoot = () => {
    const y = doc.page.height - PAGE.bottom + 16;
    pages.line(pages.left, y - 6, pages.right, y - 6, COLORS.rule);
    const [before = '', after = ''] = furniture.pageOf(page, TOTAL_MARK).split(TOTAL_MARK);
    const style = { size: FOOT, color: COLORS.muted };
    text(before, pages.left, y, style);
    const x = pages.left + type.width(toDrawable(before), 'regular', FOOT);
    const xobjects: Record<string, unknown> = doc.page.xobjects;
    xobjects.Total = total;
    // PDF counts from the bottom of the page.
    pages.isolated(() => {
      doc.transform(1, 0, 0, -1, x, y + BASELINE * FOOT);
      doc.addContent('/Total Do');
    });
    text(after, x + totalWidth, y, style);
    const start = x + totalWidth + 24;
    text(furniture.footer, start, y, { ...style, width: pages.right - start, align: 'right' });
  };

  pages.turn();
  return pages;
}

function rgb(hex: string): string {
  return [1, 3, 5].map((at) => (Number.parseInt(hex.slice(at, at + 2), 16) / 255).toFixed(3)).join(' ');
}

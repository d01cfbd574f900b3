import type { Pages } from './pdf-pages.ts';
import { toDrawable } from './pdf-text.ts';

export interface LegendEntry {
  label: string;
  color: string;
  /** A stroke with this dash instead of a square; empty for a solid stroke. */
  dash?: readonly number[];
}

const SIZE = 8;

/** Colored squares or strokes with their texts, flowing over as many lines as they need; moves `y` below them. */
export function drawLegend(pages: Pages, entries: readonly LegendEntry[]): void {
  let x = pages.left;
  for (const { label, color, dash } of entries) {
    const mark = dash ? 18 : SIZE;
    const text = pages.type.fit(toDrawable(label), 'regular', SIZE, pages.width - mark - 4);
    const width = mark + 4 + pages.type.width(text, 'regular', SIZE) + 14;
    if (x > pages.left && x + width - 14 > pages.right) {
      x = pages.left;
      pages.y += 13;
    }
    if (dash) {
      pages.isolated(() => {
        setDash(pages, dash);
        pages.line(x, pages.y + 4, x + mark, pages.y + 4, color, 1.5);
      });
    } else {
      pages.fill(x, pages.y, SIZE, SIZE, color);
    }
    pages.text(text, x + mark + 4, pages.y + 0.5, { size: SIZE });
    x += width;
  }
  pages.y += 17;
}

/** Sets the dash of the strokes to come; an empty one leaves them solid. */
export function setDash({ doc }: Pages, [length, space]: readonly number[]): void {
  if (length !== undefined) doc.dash(length, { space: space ?? length });
}

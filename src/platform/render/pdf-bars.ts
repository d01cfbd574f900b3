import { drawLegend } from './pdf-legend.ts';
import type { Pages } from './pdf-pages.ts';
import { toDrawable } from './pdf-text.ts';
import { COLORS, TONES, type Tone } from './pdf-theme.ts';

export interface StackedBars {
  /** The parts of every bar, in the order in which they stand and in the legend. */
  parts: readonly { tone: Tone; label: string }[];
  /** A bar each, `values` (≥ 0) in the order of `parts`; the bar shows their shares of its sum. */
  bars: readonly { label: string; values: readonly number[] }[];
  formatValue: (value: number) => string;
  /** Shown in place of the chart when there is no bar. */
  empty: string;
}

const BAR = { height: 15, pitch: 21, label: 128, total: 44 } as const;
/** Sizes of the values inside a bar: the first that fits. */
const VALUE_SIZES = [7.5, 6.5];

/**
 * One horizontal bar a row, filled from left to right by the shares of its parts, with the values written into them where they fit and the sum
 * at the end; the legend carries the sum of each part. Order, values and lightness tell the parts apart where there is no color. Long lists flow over pages.
 */
export function drawStackedBars(pages: Pages, { parts, bars, formatValue, empty }: StackedBars): void {
  pages.begin(17 + BAR.pitch * Math.min(bars.length, 3));
  if (bars.length === 0) {
    pages.text(empty, pages.left, pages.y + 4, { size: 9, color: COLORS.muted, width: pages.width });
    pages.y += 24;
    return;
  }
  const legend = parts.map(({ tone, label }, index) => {
    const sum = bars.reduce((total, { values }) => total + (values[index] ?? 0), 0);
    return { label: `${label} ${formatValue(sum)}`, color: TONES[tone].fill };
  });
  drawLegend(pages, legend);
  for (const { label, values } of bars) {
    if (pages.begin(BAR.pitch)) drawLegend(pages, legend);
    const sum = values.reduce((total, value) => total + value, 0);
    const middle = pages.y + (BAR.height - 8) / 2;
    pages.text(label, pages.left, middle, { width: BAR.label - 8 });
    pages.text(formatValue(sum), pages.right - BAR.total, middle, { font: 'bold', width: BAR.total, align: 'right' });
    drawBar(pages, parts, values, sum, formatValue);
    pages.y += BAR.pitch;
  }
  pages.y += 6;
}

function drawBar(
  pages: Pages,
  parts: StackedBars['parts'],
  values: readonly number[],
  sum: number,
  formatValue: StackedBars['formatValue'],
): void {
  const start = pages.left + BAR.label;
  const full = pages.width - BAR.label - BAR.total;
  if (sum <= 0) {
    pages.line(start, pages.y + BAR.height / 2, start + full, pages.y + BAR.height / 2, COLORS.rule);
    return;
  }
  let x = start;
  parts.forEach(({ tone }, index) => {
    const value = values[index] ?? 0;
    const width = (full * value) / sum;
    if (width <= 0) return;
    const { fill, text } = TONES[tone];
    pages.fill(x, pages.y, Math.max(width - (width > 2 ? 0.8 : 0), 0.4), BAR.height, fill);
    const shown = formatValue(value);
    const size = VALUE_SIZES.find((candidate) => pages.type.width(toDrawable(shown), 'bold', candidate) + 1.5 <= width);
    if (size) {
      const top = pages.y + (BAR.height - size) / 2 + 0.3;
      pages.text(shown, x, top, { font: 'bold', size, color: text, width: width - 0.8, align: 'center' });
    }
    x += width;
  });
}

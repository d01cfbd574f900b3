import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { drawLegend, setDash, type LegendEntry } from './pdf-legend.ts';
import type { Pages } from './pdf-pages.ts';
import { toDrawable } from './pdf-text.ts';
import { COLORS, SERIES } from './pdf-theme.ts';

export interface LinePoint {
  /** In any ascending unit; milliseconds for time. */
  x: number;
  /** Null where nothing is known: the line is broken there. */
  y: number | null;
}

export interface LineChart {
  /** One to four lines. */
  series: readonly { label: string; points: readonly LinePoint[] }[];
  formatX: (x: number) => string;
  formatY: (y: number) => string;
  /** Ends of the axis ([0, 1] for ratios). Without it, from zero, or a round number below the lowest, to one above all. */
  range?: readonly [lowest: number, highest: number];
  /**
   * With `range`: where every value lies in its upper half, the axis begins at a round number below the lowest, so that the line
   * shows how they vary. This text says so below the chart, and no area is filled: its height would mean nothing.
   */
  shortened?: (lowest: string) => string;
  /** A level to compare with, drawn across as a dashed line. */
  target?: { value: number; label: string };
  /** Shown in place of the chart when no point has a value. */
  empty: string;
}

interface Plot {
  left: number;
  top: number;
  width: number;
  x: ScaleLinear<number, number>;
  y: ScaleLinear<number, number>;
}

type Known = LinePoint & { y: number };

const HEIGHT = 150;
const LABEL = 7.5;
const MOST_TIME_TICKS = 8;
const TARGET = { color: COLORS.ink, dash: [2, 2] };

/**
 * Lines over time, straight from point to point: nothing is drawn that was not measured. Ticks of time stand at given points, evenly thinned, so that no time zone is guessed;
 * the last known value of each line is written at its end. More than four lines are refused with a RangeError.
 */
export function drawLineChart(pages: Pages, chart: LineChart): void {
  const { series } = chart;
  if (series.length > SERIES.length) throw new RangeError(`a line chart holds at most ${SERIES.length} lines`);
  const known = series.map(({ points }) => points.filter(isKnown));
  const several = series.length > 1;
  const legend: LegendEntry[] = several ? series.map(({ label }, index) => ({ label, ...styleOf(index) })) : [];
  if (chart.target) legend.push({ label: chart.target.label, ...TARGET });
  pages.begin(HEIGHT + (chart.shortened ? 40 : 30) + (legend.length > 0 ? 17 : 0));
  if (known.every((points) => points.length === 0)) {
    pages.text(chart.empty, pages.left, pages.y + 4, { size: 9, color: COLORS.muted, width: pages.width });
    pages.y += 24;
    return;
  }
  if (legend.length > 0) drawLegend(pages, legend);

  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].toSorted((a, b) => a - b);
  const y = valueScale(chart, known.flat());
  const ticks = y.ticks(5);
  const [lowest = 0] = y.domain();
  const note = lowest > (chart.range?.[0] ?? 0) ? chart.shortened?.(chart.formatY(lowest)) : undefined;
  const ends = known.map((points) => points.at(-1));
  const left = pages.left + widest(pages, ticks.map(chart.formatY), 'regular') + 8;
  const endWidth =
    widest(
      pages,
      ends.map((end) => (end ? chart.formatY(end.y) : '')),
      'bold',
    ) + 8;
  const width = pages.right - endWidth - left;
  const [first = 0, last = 0] = [xs[0], xs.at(-1)];
  const plot: Plot = {
    left,
    top: pages.y + 4,
    width,
    x: scaleLinear([first, Math.max(last, first + 1)], [0, width]),
    y,
  };

  drawValueTicks(pages, plot, ticks, chart.formatY);
  drawTimeTicks(pages, plot, xs, chart.formatX);
  pages.isolated(() => {
    pages.doc.translate(plot.left, plot.top);
    series.forEach(({ points }, index) => drawSeries(pages, plot, points, index, several));
  });
  if (chart.target) drawTarget(pages, plot, chart.target.value);
  drawEnds(pages, plot, ends, chart.formatY);
  pages.y = plot.top + HEIGHT + 26;
  if (note === undefined) return;
  pages.text(note, pages.left, pages.y - 6, { size: LABEL, color: COLORS.muted, width: pages.width });
  pages.y += 10;
}

function isKnown(point: LinePoint): point is Known {
  return point.y !== null;
}

function styleOf(index: number): (typeof SERIES)[number] {
  return SERIES[index % SERIES.length] ?? SERIES[0];
}

/** Parts of a range at which a shortened axis may begin. */
const STEPS = 20;

/** The end of the axis below all values, where these lie in the upper half; else that of the range. */
function shortenedStart([lowest, highest]: readonly [number, number], values: readonly number[]): number {
  const part = (Math.min(...values) - lowest) / (highest - lowest);
  return part > 0.5 ? lowest + ((highest - lowest) * (Math.ceil(part * STEPS - 1e-9) - 1)) / STEPS : lowest;
}

function valueScale({ range, shortened, target }: LineChart, points: readonly Known[]): Plot['y'] {
  if (range) {
    const known = points.map(({ y }) => y);
    const start = shortened === undefined ? range[0] : shortenedStart(range, known);
    return scaleLinear([start, range[1]], [HEIGHT, 0]);
  }
  const values = points.map(({ y }) => y);
  if (target) values.push(target.value);
  const lowest = Math.min(0, ...values);
  const highest = Math.max(...values);
  return scaleLinear([lowest, highest > lowest ? highest : lowest + 1], [HEIGHT, 0]).nice(5);
}

function widest(pages: Pages, texts: readonly string[], font: 'regular' | 'bold'): number {
  return Math.max(...texts.map((text) => pages.type.width(toDrawable(text), font, LABEL)));
}

function drawValueTicks(pages: Pages, plot: Plot, ticks: readonly number[], format: LineChart['formatY']): void {
  ticks.forEach((tick, index) => {
    const at = plot.top + plot.y(tick);
    pages.line(plot.left, at, plot.left + plot.width, at, index === 0 ? COLORS.rule : COLORS.grid);
    const width = plot.left - pages.left - 6;
    pages.text(format(tick), pages.left, at - LABEL / 2, {
      size: LABEL,
      color: COLORS.muted,
      width: width + 1,
      align: 'right',
    });
  });
}

function drawTimeTicks(pages: Pages, plot: Plot, xs: readonly number[], format: LineChart['formatX']): void {
  const step = Math.ceil(xs.length / MOST_TIME_TICKS);
  const room = plot.width / Math.min(xs.length, MOST_TIME_TICKS);
  for (let index = 0; index < xs.length; index += step) {
    const x = xs[index] ?? 0;
    const at = plot.left + plot.x(x);
    pages.line(at, plot.top + HEIGHT, at, plot.top + HEIGHT + 3, COLORS.rule);
    const style = { size: LABEL, color: COLORS.muted, width: room, align: 'center' } as const;
    pages.text(format(x), at - room / 2, plot.top + HEIGHT + 6, style);
  }
}

function drawSeries(pages: Pages, plot: Plot, points: readonly LinePoint[], index: number, several: boolean): void {
  const { color, dash } = styleOf(index);
  const x = (point: LinePoint) => plot.x(point.x);
  const y = (point: LinePoint) => plot.y(point.y ?? 0);
  if (!several) {
    const [lowest = 0, highest = 0] = plot.y.domain();
    const zero = Math.min(0, highest);
    const shape = area<LinePoint>(x, plot.y(zero), y).defined(isKnown).digits(2);
    if (lowest <= 0) pages.shape(shape(points) ?? '', COLORS.accentTint);
  }
  const path = line<LinePoint>(x, y).defined(isKnown).digits(2);
  pages.isolated(() => {
    setDash(pages, dash);
    const outline = pages.doc
      .path(path(points) ?? '')
      .lineWidth(1.5)
      .lineJoin('round');
    outline.stroke(color);
  });
  points.forEach((point, at) => {
    const alone = points[at - 1]?.y == null && points[at + 1]?.y == null;
    if (isKnown(point) && alone) pages.dot(x(point), y(point), 1.8, color);
  });
}

function drawTarget(pages: Pages, plot: Plot, value: number): void {
  const at = plot.top + plot.y(value);
  pages.isolated(() => {
    setDash(pages, TARGET.dash);
    pages.line(plot.left, at, plot.left + plot.width, at, TARGET.color, 0.75);
  });
}

/** Writes the last values beside their points, from the top down, apart from one another. */
function drawEnds(pages: Pages, plot: Plot, ends: readonly (Known | undefined)[], format: LineChart['formatY']): void {
  const labels = ends
    .map((end, index) => ({ end, color: styleOf(index).color }))
    .filter((label): label is { end: Known; color: (typeof SERIES)[number]['color'] } => label.end !== undefined)
    .toSorted((a, b) => b.end.y - a.end.y);
  let lowest = -Infinity;
  for (const { end, color } of labels) {
    const x = plot.left + plot.x(end.x);
    const y = plot.top + plot.y(end.y);
    pages.dot(x, y, 2.2, color);
    const top = Math.max(y - LABEL / 2, lowest);
    pages.text(format(end.y), plot.left + plot.width + 6, top, { font: 'bold', size: LABEL, color });
    lowest = top + LABEL + 1.5;
  }
}

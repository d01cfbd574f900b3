/** The meanings that a color may carry in a report. */
export type Tone = 'green' | 'yellow' | 'orange' | 'red' | 'invalid' | 'none';

/**
 * Neighbors in this order differ in lightness by 18 or more (CIE L*), so that they stay apart when printed in gray.
 * `text` is what is readable on the fill.
 */
export const TONES: Readonly<Record<Tone, { fill: string; text: string }>> = {
  green: { fill: '#2f8f5b', text: '#ffffff' },
  yellow: { fill: '#f2c53d', text: '#1d2733' },
  orange: { fill: '#e8833a', text: '#1d2733' },
  red: { fill: '#b3261e', text: '#ffffff' },
  invalid: { fill: '#8792a2', text: '#1d2733' },
  none: { fill: '#dfe4ea', text: '#1d2733' },
};

export const COLORS = {
  ink: '#1d2733',
  muted: '#5b6877',
  accent: '#1f4e79',
  accentTint: '#e3ecf5',
  rule: '#c9d1da',
  grid: '#e3e8ed',
  zebra: '#f5f7f9',
} as const;

/** Lines of a chart, told apart by color and, in gray, by dash. */
export const SERIES = [
  { color: '#1f4e79', dash: [] },
  { color: '#c2571a', dash: [4, 2] },
  { color: '#3d7f5f', dash: [1.5, 1.5] },
  { color: '#6a4c93', dash: [8, 3] },
] as const;

/** Page geometry in points (1/72 inch); A4 is 595.28 × 841.89. */
export const PAGE = { margin: 42, top: 54, bottom: 50 } as const;

export const FONTS = { regular: 'Helvetica', bold: 'Helvetica-Bold' } as const;

export type FontName = keyof typeof FONTS;

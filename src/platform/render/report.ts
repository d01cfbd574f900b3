import type { TObject } from 'typebox';
import type { Allowance } from '../access/allowance.ts';
import type { Reader } from '../db/database.ts';
import type { Bind } from '../db/list.ts';
import type { Tone } from './pdf-theme.ts';

/**
 * `date`: a day; `month`: a day of it; `instant`: an instant, shown in the company's zone; `rate`: `[numerator, denominator]`, shown as a
 * percentage with one decimal; `named`: `[code, name]` of a thing, in a CSV two columns; `label`: a code with a text; `level`: a code of
 * `common:level`, with its color.
 */
export type CellKind =
  | 'text'
  | 'named'
  | 'integer'
  | 'number'
  | 'rate'
  | 'date'
  | 'month'
  | 'instant'
  | 'label'
  | 'level';

interface ColumnBase {
  /** Member of the row, and key of its heading: `reports:columns.<name>`. */
  readonly name: string;
  /** Share of the page's width in a PDF. Default 1. */
  readonly width?: number;
  /** Needed beside the report's own permission; who does not hold it gets the report without the column. */
  readonly permission?: string;
}

interface LabelColumn extends ColumnBase {
  readonly kind: 'label';
  /** Every code that it may show; each has its text at `<labels>.<code>`. */
  readonly codes: readonly string[];
  /** Where the texts of its codes stand. Default: `reports:<name>`. */
  readonly labels?: string;
}

/** A column of a report. */
export type ReportColumn =
  | LabelColumn
  | (ColumnBase & { readonly kind: Exclude<CellKind, 'label'>; readonly codes?: never; readonly labels?: never });

/** Where the texts of a label column's codes stand. */
export const labelsOf = ({ name, labels = `reports:${name}` }: ReportColumn): string => labels;

/** Whose report it is: it shows what that person may see, checked again when it runs and when it is fetched. */
export interface ReportScope {
  readonly companyId: string;
  readonly principal: { readonly profileId: string | null };
  /** How far the report's permission reaches for that person. */
  readonly allowance: Allowance;
  /** The instant that the report is made for: what is due, late or open is so at this instant. */
  readonly at: Date;
  /** The company's IANA zone. */
  readonly zone: string;
}

/** SQL that holds for the people whom the report's reader may see; `$1` is the company. */
export type ReportReach = (scope: ReportScope, idExpression: string, bind: Bind) => string;

export interface ReportStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

export type Filters = Readonly<Record<string, unknown>>;

/** A key figure: `reports:figures.<name>` is its label, `reports:notes.<note.name>` a small remark below. */
export interface ReportFigure {
  readonly name: string;
  readonly kind: 'integer' | 'rate';
  readonly value: number | readonly [numerator: number, denominator: number];
  readonly note?: { readonly name: string; readonly value: number };
  readonly tone?: Tone;
}

/** A line over days or weeks: `reports:figures.<name>`; a ratio in 0..1, null where there is none. */
export interface ReportSeries {
  readonly name: string;
  /** `reports:sections.<section>` heads the chart. */
  readonly section: string;
  readonly points: readonly { readonly day: string; readonly ratio: number | null }[];
}

/** How many of each level a group has; a group too small to be shown without telling on people has no values. */
export interface ReportLevels {
  readonly tones: readonly Tone[];
  readonly groups: readonly { readonly label: string | null; readonly values: readonly number[] | null }[];
}

/** A short table below the heading `reports:sections.<name>`. */
export interface ReportBreakdown {
  readonly name: string;
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What a PDF shows above its table. */
export interface ReportSummary {
  readonly figures: readonly ReportFigure[];
  readonly breakdowns?: readonly ReportBreakdown[];
  readonly series?: ReportSeries;
  readonly levels?: ReportLevels;
}

/**
 * A report that can be exported as CSV or PDF: rows come from one SQL statement, streamed. Its texts stand in
 * `reports:kinds.<kind>`: `title`, `about`, `file` (what file names begin with).
 */
export interface ReportDefinition {
  readonly kind: string;
  readonly permission: string;
  /** Its rows are bound by the reader's reach over people: its filters take no site, department, project or person beyond it. */
  readonly ofPeople?: boolean;
  /** `from` and `to`, days, are its period. What `reports:filters.<name>` calls them, PDFs do. */
  readonly filters: TObject;
  /** Where the texts of a filter's codes stand, by filter. */
  readonly filterLabels?: Readonly<Record<string, string>>;
  readonly columns: readonly ReportColumn[];
  /** Column whose values head groups of rows in a PDF; the rows come in its order. */
  readonly groupBy?: string;
  /** SQL whose rows carry the columns by name, in the order to be shown; `$1` is the company. */
  readonly rows: (scope: ReportScope, filters: Filters) => ReportStatement;
  /** What a PDF shows in place of columns and rows where these would be more pages than anybody reads: the same, summed up. */
  readonly condensed?: (filters: Filters) => Pick<ReportDefinition, 'columns' | 'rows'> | undefined;
  /** Figures and charts of the same rows, read in the same snapshot. */
  readonly summary?: (reader: Reader, scope: ReportScope, filters: Filters) => Promise<ReportSummary>;
}

import type { TObject } from 'typebox';
import type { Allowance } from '../access/decision.ts';
import type { Principal } from '../access/principal.ts';

export type CellKind = 'text' | 'integer' | 'number' | 'percent' | 'date' | 'instant' | 'label';

/** A column of a report. `label` values are codes, translated as `<labels>.<value>`. */
export interface ReportColumn {
  /** Member of the row, and key of its heading: `reports:columns.<name>`. */
  readonly name: string;
  readonly kind: CellKind;
  readonly labels?: string;
  /** Share of the page's width in a PDF. Default 1. */
  readonly width?: number;
}

/** Who asks: reports show what that person may see, checked again when they run and when they are fetched. */
export interface ReportScope {
  readonly principal: Principal;
  readonly allowance: Allowance;
}

/** A report that can be exported as CSV or PDF: rows come from one SQL statement, streamed. */
export interface ReportDefinition {
  readonly kind: string;
  readonly permission: string;
  readonly filters: TObject;
  readonly columns: readonly ReportColumn[];
  /** SQL whose rows carry the columns by name; `$1` is the company. */
  readonly rows: (
    scope: ReportScope,
    filters: Readonly<Record<string, unknown>>,
  ) => { text: string; values: unknown[] };
}

import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';

/** What a cell may hold. Dates are written by the caller, in the reader's language and zone. */
export type CsvCell = string | number | bigint | boolean | null | undefined;

export type CsvRow = readonly CsvCell[] | Readonly<Record<string, CsvCell>>;

export interface CsvOptions {
  /** The columns in order: which key of an object row, and the translated heading. Array rows go by position. */
  columns: readonly { key: string; label: string }[];
  /** `;` is what spreadsheets expect where the decimal sign is a comma. Default `,`. */
  separator?: ',' | ';';
  /** Starts the file with a UTF-8 byte order mark, by which Excel reads accents. Default false. */
  bom?: boolean;
  /** How typed numbers are written (for a decimal comma, say). Default as JavaScript writes them. */
  formatNumber?: (value: number) => string;
}

/** Rows that are written at once: one by one they would cost more in streams than in text. */
const BATCH = 200;

async function* parts(rows: AsyncIterable<CsvRow> | Iterable<CsvRow>, options: CsvOptions): AsyncGenerator<string> {
  const { columns, separator = ',', bom = false, formatNumber = String } = options;
  const written = {
    columns: columns.map(({ key, label }) => ({ key, header: label })),
    delimiter: separator,
    record_delimiter: '\r\n',
    escape_formulas: true,
    quoted_match: /[\r\n]/,
    cast: { number: formatNumber, boolean: String },
  };
  yield stringify([], { ...written, header: true, bom });
  let batch: CsvRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield stringify(batch, written);
    batch = [];
  }
  yield stringify(batch, written);
}

/**
 * CSV (RFC 4180, CRLF) of rows as a stream of bytes. Rows are pulled only as fast as the result is read, and a source is closed
 * when the result is destroyed; an error of the source destroys the result with it.
 *
 * Texts that a spreadsheet would run as a formula (`= + - @`, tab, CR and the full-width signs at the start) get a leading
 * apostrophe, headings included; values typed as numbers stay numbers
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export const csvStream = (rows: AsyncIterable<CsvRow> | Iterable<CsvRow>, options: CsvOptions): Readable =>
  Readable.from(parts(rows, options), { objectMode: false });

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

/** Rows as they come, in lists: one by one they would cost more in streams than in text. */
type CsvRows = AsyncIterable<readonly CsvRow[]> | Iterable<readonly CsvRow[]>;

async function* parts(lists: CsvRows, options: CsvOptions): AsyncGenerator<string> {
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
  for await (const rows of lists) yield stringify([...rows], written);
}

/**
 * CSV (RFC 4180, CRLF) of lists of rows as a stream of bytes. Lists are pulled only as fast as the result is read, and a source is closed
 * when the result is destroyed; an error of the source destroys the result with it.
 *
 * Texts that a spreadsheet would run as a formula (`= + - @`, tab, CR and the full-width signs at the start) get a leading
 * apostrophe, headings included; values typed as numbers stay numbers
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export const csvStream = (lists: CsvRows, options: CsvOptions): Readable =>
  Readable.from(parts(lists, options), { objectMode: false });

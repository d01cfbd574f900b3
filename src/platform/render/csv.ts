import { Readable } from 'node:stream';

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

/** What a spreadsheet takes for the beginning of a formula; a `-` begins a number where the cell is one. */
const FORMULA = /^[=+@\t\r\uFF1D\uFF0B\uFF0D\uFF20-]/;
const isFormula = (text: string, cell: CsvCell): boolean =>
  FORMULA.test(text) && !(text.startsWith('-') && (typeof cell === 'number' || typeof cell === 'bigint'));

const BREAK = '\r\n';
/** Characters that are handed on at once: what is written cell by cell would cost more in streams than in text. */
const PART = 32_768;

/** Writes one row, its line break included. */
const createWriter = ({ columns, separator = ',', formatNumber = String }: CsvOptions) => {
  const needsQuotes = new RegExp(`["${separator}\r\n]`);
  const write = (cell: CsvCell): string => {
    if (cell === null || cell === undefined || cell === '') return '';
    const plain = typeof cell === 'number' ? formatNumber(cell) : String(cell);
    const text = isFormula(plain, cell) ? `'${plain}` : plain;
    return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return (cellAt: (at: number, key: string) => CsvCell): string => {
    let line = '';
    for (const [at, { key }] of columns.entries()) line += (at === 0 ? '' : separator) + write(cellAt(at, key));
    return line + BREAK;
  };
};

const isList = (row: CsvRow): row is readonly CsvCell[] => Array.isArray(row);

async function* parts(rows: AsyncIterable<CsvRow> | Iterable<CsvRow>, options: CsvOptions): AsyncGenerator<string> {
  const write = createWriter(options);
  const labels = options.columns.map(({ label }) => label);
  let part = (options.bom ? '\uFEFF' : '') + write((at) => labels[at]);
  for await (const row of rows) {
    part += write(isList(row) ? (at) => row[at] : (_at, key) => row[key]);
    if (part.length < PART) continue;
    yield part;
    part = '';
  }
  yield part;
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

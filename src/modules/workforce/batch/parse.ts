import { pipeline, Readable, Transform } from 'node:stream';
import { parse as parseCsv } from 'csv-parse';
import type { CsvError, Info } from 'csv-parse';
import type { Sheet } from './columns.ts';

/** What is wrong at one place of the file. `row` counts as a spreadsheet does: the headings are row 1, and rows without cells count. */
export interface RowFault {
  readonly row: number;
  /** Null: the row, or the file as a whole. */
  readonly column: string | null;
  readonly code: string;
  readonly params?: Readonly<Record<string, string | number>>;
}

/** The file as a whole cannot be read; nothing of it is taken. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
  readonly faults: readonly RowFault[];

  constructor(faults: readonly RowFault[]) {
    super(faults.map(({ row, code }) => `${code} in row ${row}`).join(', '));
    this.faults = faults;
  }
}

/** A line of the file below its headings. */
export interface FileLine<Row extends object> {
  readonly row: number;
  /** What its cells say; undefined where it is not known which cell is whose. */
  readonly values: Partial<Row> | undefined;
  /** What keeps it from being read; what its cells say is for others to judge. */
  readonly faults: readonly RowFault[];
  /** The file as a whole is refused for it. */
  readonly isFatal: boolean;
}

/** Most bytes of a row, and most characters that are kept of a cell: no column takes as many. */
const LONGEST_ROW = 1024 * 1024;
const LONGEST_CELL = 1_000;

/** Stands in place of what is no UTF-8, and of NUL, which PostgreSQL does not store. */
const BROKEN = '\uFFFD';

const utf8 = (): Transform => {
  const decoder = new TextDecoder();
  const decoded = (chunk?: Buffer): string =>
    decoder.decode(chunk, { stream: chunk !== undefined }).replaceAll('\0', BROKEN);
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, decoded(chunk)),
    flush: (done) => done(null, decoded()),
  });
};

/** A heading as it can be stored and shown: the file may be no text at all. */
const shown = (heading: string): string =>
  heading
    .replaceAll(/\p{Cc}/gu, '\uFFFD')
    .slice(0, 60)
    .toWellFormed();

const readHeadings = (headings: readonly string[], { columns, needed }: Sheet): string[] => {
  if (headings.some((heading) => heading.includes(BROKEN)))
    throw new UnreadableFile([{ row: 1, column: null, code: 'NOT_UTF8' }]);
  const names = headings.map((heading) =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, '_'),
  );
  const faults = [
    ...names
      .filter((name) => !columns.includes(name))
      .map((name) => ({ row: 1, column: shown(name), code: 'UNKNOWN_COLUMN' })),
    ...names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => ({ row: 1, column: shown(name), code: 'DUPLICATE_IN_FILE' })),
    ...needed.filter((name) => !names.includes(name)).map((name) => ({ row: 1, column: name, code: 'required' })),
  ];
  if (faults.length > 0) throw new UnreadableFile(faults.slice(0, 50));
  return names;
};

/** Files that were made for spreadsheets guard what would be a formula by an apostrophe; a phone number is none. */
const plain = (value: string): string =>
  value
    .replace(/^'(?=[=+\-@])/, '')
    .slice(0, LONGEST_CELL)
    .toWellFormed();

/** Between cells stands what stands between the headings: spreadsheets write semicolons where a comma is the decimal point. */
const delimiterOf = (headings: string): string => (headings.includes(';') ? ';' : ',');

/** Where the parser stands, as a spreadsheet counts. */
const rowAt = ({ records, empty_lines: empty }: Pick<Info, 'records' | 'empty_lines'>): number => 1 + records + empty;

/** What the parser says of a row; `error`: that it has another number of cells than there are headings. */
type RowInfo = Info & { readonly error?: CsvError & { readonly record: readonly string[] } };
/** What the parser answers in the order of the file: a row, or where it cannot go on. */
type Parsed =
  | { readonly record: Readonly<Record<string, string>>; readonly info: RowInfo }
  | { readonly end: CsvError };

const readLine = <Row extends object>(cells: Readonly<Record<string, string>>, info: RowInfo): FileLine<Row> => {
  const row = rowAt(info);
  if (info.error !== undefined) {
    const isBroken = info.error.record.some((cell) => cell.includes(BROKEN));
    const codes = ['ROW_LENGTH', ...(isBroken ? ['NOT_UTF8'] : [])];
    return { row, values: undefined, faults: codes.map((code) => ({ row, column: null, code })), isFatal: isBroken };
  }
  const faults = Object.entries(cells)
    .filter(([, cell]) => cell.includes(BROKEN))
    .map(([column]) => ({ row, column, code: 'NOT_UTF8' }));
  const values = Object.entries(cells).map(([name, cell]) => [name, plain(cell)] as const);
  return {
    row,
    values: Object.fromEntries(values.filter(([, value]) => value !== '')) as Partial<Row>,
    faults,
    isFatal: faults.length > 0,
  };
};

/** The row in which the parser got stuck: a quotation mark where none can be, or that nothing closes; or no end of the row. */
const stuck = (error: CsvError): FileLine<never> => {
  const { column, ...info } = error as CsvError & Info & { readonly column: unknown };
  const row = 1 + rowAt(info);
  const code = error.code === 'CSV_MAX_RECORD_SIZE' ? 'ROW_TOO_LONG' : 'UNREADABLE';
  const place = typeof column === 'string' ? column : null;
  return { row, values: undefined, faults: [{ row, column: place, code }], isFatal: true };
};

/**
 * The rows of a CSV file (UTF-8, headings first, comma or semicolon as in the headings), as they come: memory stays flat. Cells
 * are trimmed and empty ones left out. A row that cannot be read says so, and the next is read, as long as it is known where
 * it begins. Throws UnreadableFile for what is no file of this `sheet`.
 */
export async function* parseRows<Row extends object>(source: Readable, sheet: Sheet): AsyncGenerator<FileLine<Row>> {
  const text = utf8().setEncoding('utf8');
  pipeline(source, text, () => {});
  const parts = text[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  let head = '';
  async function* whole(): AsyncGenerator<string> {
    yield head;
    for (let part = await parts.next(); part.done !== true; part = await parts.next()) yield part.value;
  }
  try {
    while (!/[\r\n]/u.test(head) && head.length < LONGEST_ROW) {
      const part = await parts.next();
      if (part.done === true) break;
      head += part.value;
    }
    const parser = parseCsv({
      bom: true,
      columns: (headings: readonly string[]) => readHeadings(headings, sheet),
      delimiter: delimiterOf(head.split(/[\r\n]/u, 1)[0]!),
      skip_empty_lines: true,
      relax_column_count: true,
      skip_records_with_error: true,
      trim: true,
      info: true,
      max_record_size: LONGEST_ROW,
    });
    // As an error of the stream it would come before the rows that nobody has taken yet.
    parser.on('skip', (end: CsvError) => parser.push({ end }));
    pipeline(Readable.from(whole()), parser, () => {});
    let rows = 0;
    for await (const parsed of parser as AsyncIterable<Parsed>) {
      if ('end' in parsed) {
        yield stuck(parsed.end);
        return;
      }
      const { record, info } = parsed;
      rows += 1;
      if (rows > sheet.most) {
        const tooMany = { row: rowAt(info), column: null, code: 'TOO_MANY_ROWS', params: { limit: sheet.most } };
        throw new UnreadableFile([tooMany]);
      }
      yield readLine(record, info);
    }
    if (rows === 0) throw new UnreadableFile([{ row: 1, column: null, code: 'NO_ROWS' }]);
  } finally {
    source.destroy();
  }
}

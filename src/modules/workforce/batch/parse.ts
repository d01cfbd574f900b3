import { pipeline, Readable, Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';
import { CsvError, parse as parseCsv } from 'csv-parse';
import type { Info } from 'csv-parse';
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

const LONGEST_ROW = 20_000;

/** Passes on bytes that are UTF-8 text, and ends with an error where they are not: PostgreSQL stores no NUL. */
const utf8 = (): Transform => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk: Buffer | undefined): string | undefined => {
    try {
      const text = chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
      return text.includes('\0') ? undefined : text;
    } catch {
      return undefined;
    }
  };
  const pass = (chunk: Buffer | undefined, done: TransformCallback): void => {
    const text = decode(chunk);
    if (text === undefined) done(new UnreadableFile([{ row: 1, column: null, code: 'UNREADABLE' }]));
    else done(null, text);
  };
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => pass(chunk, done),
    flush: (done) => pass(undefined, done),
  });
};

/** A heading as it can be stored and shown: the file may be no text at all. */
const shown = (heading: string): string =>
  heading
    .replaceAll(/\p{Cc}/gu, '\uFFFD')
    .slice(0, 60)
    .toWellFormed();

const readHeadings = (headings: readonly string[], { columns, needed }: Sheet): string[] => {
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
const plain = (value: string): string => value.replace(/^'(?=[=+\-@])/, '');

/** Between cells stands what stands between the headings: spreadsheets write semicolons where a comma is the decimal point. */
const delimiterOf = (headings: string): string => (headings.includes(';') ? ';' : ',');

/** The parser's own words for a row that has more or fewer cells than there are headings. */
const OTHER_LENGTHS: readonly string[] = ['CSV_RECORD_INCONSISTENT_COLUMNS', 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH'];

/** Where the parser stands, as a spreadsheet counts. */
const rowAt = ({ records, empty_lines: empty }: Pick<Info, 'records' | 'empty_lines'>): number => 1 + records + empty;

/**
 * The rows of a CSV file (UTF-8, headings first, comma or semicolon as in the headings), as they come: memory stays flat. Cells
 * are trimmed and empty ones left out; nothing else is checked. Throws UnreadableFile for what is no file of this `sheet`.
 */
export async function* parseRows<Row extends object>(
  source: Readable,
  sheet: Sheet,
): AsyncGenerator<{ row: number; values: Partial<Row> }> {
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
      trim: true,
      info: true,
      max_record_size: LONGEST_ROW,
    });
    pipeline(Readable.from(whole()), parser, () => {});
    let rows = 0;
    for await (const { record, info } of parser as AsyncIterable<{ record: Record<string, string>; info: Info }>) {
      const row = rowAt(info);
      rows += 1;
      if (rows > sheet.most)
        throw new UnreadableFile([{ row, column: null, code: 'TOO_MANY_ROWS', params: { limit: sheet.most } }]);
      const cells = Object.entries(record).map(([name, value]) => [name, plain(value)] as const);
      yield { row, values: Object.fromEntries(cells.filter(([, value]) => value !== '')) as Partial<Row> };
    }
    if (rows === 0) throw new UnreadableFile([{ row: 1, column: null, code: 'NO_ROWS' }]);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const code = OTHER_LENGTHS.includes(error.code) ? 'ROW_LENGTH' : 'UNREADABLE';
    throw new UnreadableFile([{ row: 1 + rowAt(error as CsvError & Info), column: null, code }]);
  } finally {
    source.destroy();
  }
}

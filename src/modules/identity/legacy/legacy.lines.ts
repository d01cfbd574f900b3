import { open } from 'node:fs/promises';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';

/** One account of an older system: a RUT or an email, and the bcrypt hash of its password. */
export interface LegacyLine {
  /** Counted as an editor does, from 1. */
  readonly line: number;
  readonly identifier: string;
  readonly hash: string;
}

/** What is wrong with a line; it says nothing of what stands there. */
export type LegacyFault = 'UNREADABLE' | 'NO_BCRYPT';

export type LegacyRead = LegacyLine | { readonly line: number; readonly fault: LegacyFault };

/** The most that a hash may cost: 2^12 rounds take some 0.3 s, and a refused sign-in is answered at its beat. */
export const MOST_COST = 12;

const BCRYPT = /^\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53}$/u;

const checked = (line: number, identifier: string, hash: string): LegacyRead => {
  const cost = Number(BCRYPT.exec(hash)?.groups?.['cost']);
  return cost >= 4 && cost <= MOST_COST ? { line, identifier, hash } : { line, fault: 'NO_BCRYPT' };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const fromJson = (line: number, text: string): LegacyRead => {
  try {
    const read: unknown = JSON.parse(text);
    if (!isRecord(read)) return { line, fault: 'UNREADABLE' };
    const { identifier, hash } = read;
    if (typeof identifier !== 'string' || typeof hash !== 'string') return { line, fault: 'UNREADABLE' };
    return checked(line, identifier.trim(), hash.trim());
  } catch (error) {
    if (error instanceof SyntaxError) return { line, fault: 'UNREADABLE' };
    throw error;
  }
};

const cellsOf = (text: string, delimiter: string): string[] | undefined => {
  try {
    return parse(text, { delimiter, trim: true })[0];
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
};

/** How lines are read below these headings. Throws where they do not name both columns. */
const csvReader = (headings: string): ((line: number, text: string) => LegacyRead) => {
  const delimiter = headings.includes(';') ? ';' : ',';
  const names = cellsOf(headings, delimiter)?.map((name) => name.toLowerCase()) ?? [];
  const [identifierAt, hashAt] = [names.indexOf('identifier'), names.indexOf('hash')];
  if (identifierAt === -1 || hashAt === -1)
    throw new Error(
      'The file begins with the headings "identifier,hash" (CSV), or holds {"identifier": …, "hash": …} on each line',
    );
  return (line, text) => {
    const cells = cellsOf(text, delimiter);
    const [identifier, hash] = [cells?.[identifierAt], cells?.[hashAt]];
    return identifier === undefined || hash === undefined || cells?.length !== names.length
      ? { line, fault: 'UNREADABLE' }
      : checked(line, identifier, hash);
  };
};

/**
 * The accounts of a file (UTF-8), line by line: JSON lines, or CSV with headings, comma or semicolon as in these. Empty lines
 * are passed over. Throws an Error for a file that is neither, or cannot be opened.
 */
export async function* readLegacyLines(path: string): AsyncGenerator<LegacyRead> {
  const file = await open(path);
  let read: ((line: number, text: string) => LegacyRead) | undefined;
  let line = 0;
  for await (const raw of file.readLines()) {
    line += 1;
    const text = raw.replace(/^\uFEFF/u, '').trim();
    if (text === '') continue;
    if (read === undefined) {
      read = text.startsWith('{') ? fromJson : csvReader(text);
      if (read !== fromJson) continue;
    }
    yield read(line, text);
  }
}

import type { Tx } from '../db/database.ts';
import type { FileStore } from './file-store.ts';

/** The folders in which files of companies lie, each in one of its own: `photos/<company>/…`. */
const FOLDERS = ['batch', 'exports', 'photos'] as const;

/** The key of a company's file, or the beginning of such keys. Nothing else makes one, so that all of a company's files are found. */
export const companyKey = (folder: (typeof FOLDERS)[number], companyId: string, rest: string): string =>
  `${folder}/${companyId}/${rest}`;

/** Every file of a company. */
export async function* filesOf(
  files: Pick<FileStore, 'list'>,
  companyId: string,
): AsyncGenerator<{ readonly key: string; readonly size: number }> {
  for (const folder of FOLDERS) yield* files.list(companyKey(folder, companyId, ''));
}

/** Removes a file of a company, and counts what room it gives back; one that is not there gives none. What is cut off in between is counted at night. */
export const removeCounted = async (
  files: Pick<FileStore, 'stat' | 'remove'>,
  key: string,
  count: (bytes: number) => Promise<void>,
): Promise<void> => {
  const known = await files.stat(key);
  await files.remove(key);
  if (known !== undefined) await count(-known.size);
};

/** How much room a company has for files; asked in the transaction that has one added. */
export interface FileRoom {
  /** Counts a file that is added; throws 409 when there is no room for it. */
  take(tx: Tx, bytes: number): Promise<void>;
  /** Counts a file that is added whatever room there is, or (negative) one that went. */
  count(tx: Tx, bytes: number): Promise<void>;
}

import type { KeyRing } from '../crypto/key-ring.ts';
import { sign, verify } from '../storage/signed-link.ts';

/** Where a page ended: the sort key as text, and the id. */
export interface Position {
  readonly key: string;
  readonly id: string;
}

export interface Cursors {
  /** `purpose` names list, company and query: the cursor opens no other. */
  write(purpose: string, position: Position): string;
  /** The position, or undefined for a cursor that was changed, is of another list, or older than a day. */
  read(purpose: string, cursor: string): Position | undefined;
}

const DAY = 86_400_000;

/** Signed cursors: callers cannot make one up, nor carry it to another list, filter or company. */
export const createCursors = (keyRing: KeyRing, now: () => Date): Cursors => ({
  write: (purpose, { key, id }) =>
    sign({ purpose: `cursor:${purpose}`, claims: { key, id }, expiresAt: new Date(now().getTime() + DAY) }, keyRing),
  read: (purpose, cursor) => {
    const verdict = verify(cursor, { purpose: `cursor:${purpose}`, now: now() }, keyRing);
    return verdict.ok ? { key: String(verdict.claims['key']), id: String(verdict.claims['id']) } : undefined;
  },
});

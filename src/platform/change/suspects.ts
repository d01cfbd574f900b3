import type { Key } from '../crypto/key-ring.ts';
import { linkHash } from './chain.ts';
import type { ChainRow } from './chain.ts';
import type { ChainFault } from './report.ts';

/** A link of the chain as it is stored, with the change row that it names. */
export interface Link {
  readonly seq: number;
  readonly changeId: string;
  readonly hash: Buffer;
  readonly key?: Key;
  readonly row?: ChainRow;
}

/** A link that its row does not fit. */
export interface Suspect {
  readonly link: Link;
  /** Hash of the link before, as it is stored. */
  readonly previous: Buffer;
}

/** Pairs are compared each with each. */
const MOST_PAIRED = 200;

const fits = (key: Key | undefined, previous: Buffer, seq: number, row: ChainRow | undefined, hash: Buffer): boolean =>
  key !== undefined && row !== undefined && linkHash(key, previous, seq, row).equals(hash);

/** Whether the link fits with the other's row: rows, or the links' notes of whose they are, were exchanged. */
const fitsRowOf = ({ link, previous }: Suspect, other: Link): boolean =>
  fits(link.key, previous, link.seq, other.row, link.hash) ||
  (link.row !== undefined &&
    other.row !== undefined &&
    fits(link.key, previous, link.seq, { ...other.row, id: link.row.id, written: link.row.written }, link.hash));

/** Whether the other link, moved to this number, fits there: the links' numbers were exchanged. */
const fitsPlaceOf = ({ link, previous }: Suspect, other: Link): boolean =>
  fits(other.key, previous, link.seq, other.row, other.hash);

const swap = (one: Link, other: Link): ChainFault[] =>
  [[one, other] as const, [other, one] as const].map(([{ seq, changeId }, { seq: place }]) => ({
    seq,
    changeId,
    kind: 'swapped',
    detail: `stands in the place of number ${place}`,
  }));

/** Says of links that their rows do not fit what was done: exchanged in pairs, or edited. */
export const classifySuspects = (suspects: readonly Suspect[]): ChainFault[] => {
  const faults: ChainFault[] = [];
  const explained = new Set<Suspect>();
  const restored = new Map<number, Link>();
  const paired = suspects.slice(0, MOST_PAIRED);
  for (const one of paired) {
    if (explained.has(one)) continue;
    const match = paired.find(
      (other) => other !== one && !explained.has(other) && (fitsRowOf(one, other.link) || fitsPlaceOf(one, other.link)),
    );
    if (match === undefined) continue;
    if (fitsPlaceOf(one, match.link)) {
      restored.set(one.link.seq, match.link);
      restored.set(match.link.seq, one.link);
    }
    explained.add(one).add(match);
    faults.push(...swap(one.link, match.link));
  }
  for (const suspect of suspects) {
    if (explained.has(suspect)) continue;
    const { link, previous } = suspect;
    const before = restored.get(link.seq - 1)?.hash ?? previous;
    if (fits(link.key, before, link.seq, link.row, link.hash)) continue;
    faults.push({
      seq: link.seq,
      changeId: link.changeId,
      kind: 'edited',
      detail: 'the row does not fit its link: one of the two was changed',
    });
  }
  return faults.toSorted((a, b) => a.seq! - b.seq!);
};

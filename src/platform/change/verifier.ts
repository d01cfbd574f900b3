import type { KeyRing } from '../crypto/key-ring.ts';
import type { Reader } from '../db/database.ts';
import { idFloor } from '../db/ids.ts';
import { chainColumns, GENESIS, linkHash } from './chain.ts';
import type { ChainRow } from './chain.ts';
import { checkpointName, checkpointPrefix, checkpointSeq, readCheckpoint } from './checkpoints.ts';
import type { Checkpoint, CheckpointStore } from './checkpoints.ts';
import type { ChainFault, ChainReport } from './report.ts';
import { classifySuspects } from './suspects.ts';
import type { Link, Suspect } from './suspects.ts';

export interface VerifierOptions {
  /** Setting CHAIN_KEY. */
  readonly keyRing: KeyRing;
  readonly store: CheckpointStore;
  readonly now: () => Date;
  /** Links read at once. Default 1,000. */
  readonly page?: number;
  /** Age in milliseconds from which a pending row is a fault. Default 5 minutes. */
  readonly pendingLimit?: number;
  /** Rows older than this were dropped by retention: their absence is no fault. */
  readonly retainedFrom?: Date;
}

export interface Verifier {
  /** Walks the chain of the reader's company. Without a range: all of it, with rows that no number names. */
  verify(reader: Reader, range?: { from?: number; to?: number }): Promise<ChainReport>;
}

const MOST_FAULTS = 1_000;
const CHECKPOINTS_READ = 100;

const ENDS = `(select true as is_head, seq, hash, checkpoint_seq from change_head where company_id = $1)
  union all
  (select false, seq, hash, 0 from change_seal where company_id = $1 order by seq desc limit 1)`;
const PAGE = `select s.seq, s.change_id, s.hash as seal_hash, s.key_id, ${chainColumns('c')}
  from (select seq, change_id, hash, key_id from change_seal
    where company_id = $1 and seq >= $2 and seq <= $3 order by seq limit $4) s
  left join lateral (select * from change x where x.company_id = $1 and x.id = s.change_id offset 0) c on true
  order by s.seq`;
const HASHES = 'select seq, hash from change_seal where company_id = $1 and seq = any($2::bigint[])';
const PENDING = `select p.change_id, c.id is null as is_lost from change_pending p
  left join change c on c.company_id = $1 and c.id = p.change_id
  where p.company_id = $1 and p.change_id < $2 order by p.change_id limit $3`;
const UNSEALED = `with page as materialized (select id from change where company_id = $1 and id > $2 order by id limit $3)
  select c.id, s.seq is null and p.change_id is null as is_lost from page c
  left join change_seal s on s.company_id = $1 and s.change_id = c.id
  left join change_pending p on p.company_id = $1 and p.change_id = c.id order by c.id`;
const NO_ID = '00000000-0000-0000-0000-000000000000';

interface Ends {
  readonly head?: { readonly seq: number; readonly hash: Buffer; readonly checkpoint: number };
  readonly last: { readonly seq: number; readonly hash: Buffer };
}

type PageRow = ChainRow & {
  readonly seq: number;
  readonly change_id: string;
  readonly seal_hash: Buffer;
  readonly key_id: string;
};

type Add = (fault: ChainFault) => void;

const readEnds = async (reader: Reader): Promise<Ends> => {
  const rows = await reader.query<{ is_head: boolean; seq: number; hash: Buffer; checkpoint_seq: number }>(ENDS, [
    reader.companyId,
  ]);
  const head = rows.find((row) => row.is_head);
  const last = rows.find((row) => !row.is_head) ?? { seq: 0, hash: GENESIS };
  return { ...(head && { head: { ...head, checkpoint: head.checkpoint_seq } }), last };
};

const span = (from: number, to: number): string => (from === to ? `number ${from}` : `numbers ${from} to ${to}`);

/** Walks hash-chained changes and names what was done to them; see docs/architecture.md, change. */
export const createVerifier = ({
  keyRing,
  store,
  now,
  page = 1_000,
  pendingLimit = 300_000,
  retainedFrom = new Date(0),
}: VerifierOptions): Verifier => {
  const retained = idFloor(retainedFrom);

  const readCheckpoints = async (companyId: string, add: Add): Promise<Checkpoint[]> => {
    const names = (await store.list(checkpointPrefix(companyId))).toSorted().slice(-CHECKPOINTS_READ);
    const read = await Promise.all(
      names.map(async (name) => {
        const checkpoint = readCheckpoint((await store.get(name)) ?? '', keyRing);
        if (checkpoint !== undefined && checkpointName(checkpoint.company, checkpoint.seq) === name)
          return [checkpoint];
        add({ seq: checkpointSeq(name), kind: 'checkpoint_forged', detail: `${name} carries no signature of ours` });
        return [];
      }),
    );
    return read.flat();
  };

  /** Compares the links with the signed checkpoints, and the chain's end with head and newest checkpoint. */
  const checkEnds = async (reader: Reader, add: Add): Promise<Ends> => {
    const before = await readEnds(reader);
    const checkpoints = await readCheckpoints(reader.companyId, add);
    const ends = await readEnds(reader);
    const { head, last } = ends;
    const newest = Math.max(0, ...checkpoints.map(({ seq }) => seq));
    const known = Math.max(newest, head?.seq ?? 0);
    if (known > last.seq) {
      const witness = newest > last.seq ? 'a signed checkpoint' : 'the head';
      add({
        seq: last.seq + 1,
        kind: 'tail_cut',
        detail: `${span(last.seq + 1, known)} are gone: ${witness} names them`,
      });
    } else if (head?.seq !== last.seq && last.seq > 0) {
      add({ seq: last.seq, kind: 'head_differs', detail: `the head stands at ${head?.seq ?? 'nothing'}` });
    } else if (head !== undefined && !head.hash.equals(last.hash)) {
      add({ seq: last.seq, kind: 'head_differs', detail: 'the head carries another hash than the newest link' });
    }
    const marked = before.head?.checkpoint ?? 0;
    if (marked > newest)
      add({
        seq: marked,
        kind: 'checkpoint_missing',
        detail: `the checkpoint of number ${marked} is not in the store`,
      });
    const links = await reader.query<{ seq: number; hash: Buffer }>(HASHES, [
      reader.companyId,
      checkpoints.map(({ seq }) => seq),
    ]);
    const hashes = new Map(links.map(({ seq, hash }) => [seq, hash.toString('hex')]));
    for (const { seq, hash, at } of checkpoints)
      if ((hashes.get(seq) ?? hash) !== hash)
        add({ seq, kind: 'resealed', detail: `the link is not the one signed in the checkpoint of ${at}` });
    return ends;
  };

  const walk = async (reader: Reader, from: number, to: number, add: Add): Promise<number> => {
    const suspects: Suspect[] = [];
    let checked = 0;
    let expected = from;
    let previous: Buffer | undefined = from === 1 ? GENESIS : undefined;
    if (from > 1) {
      const [link] = await reader.query<{ hash: Buffer }>(HASHES, [reader.companyId, [from - 1]]);
      previous = link?.hash;
    }
    const missing = (until: number) => {
      if (until < expected) return;
      add({
        seq: expected,
        kind: 'seal_deleted',
        detail: `${span(expected, until)} missing; the link after cannot be checked`,
      });
      previous = undefined;
    };
    for (;;) {
      const rows: PageRow[] = await reader.prepared<PageRow>(PAGE, [reader.companyId, expected, to, page]);
      for (const row of rows) {
        const { seq, change_id: changeId, seal_hash: hash, key_id: keyId } = row;
        missing(seq - 1);
        expected = seq + 1;
        checked += 1;
        const key = keyRing.find(keyId);
        const link: Link = { seq, changeId, hash, ...(key && { key }), ...(row.id !== null && { row }) };
        if (key === undefined) add({ seq, changeId, kind: 'unknown_key', detail: `key "${keyId}" is not in the ring` });
        else if (row.id === null) {
          if (changeId >= retained)
            add({ seq, changeId, kind: 'change_deleted', detail: 'the row of this number is gone' });
        } else if (previous !== undefined && !linkHash(key, previous, seq, row).equals(hash))
          suspects.push({ link, previous });
        previous = hash;
      }
      if (rows.length < page) break;
    }
    missing(to);
    for (const fault of classifySuspects(suspects)) add(fault);
    return checked;
  };

  const checkPending = async (reader: Reader, add: Add): Promise<void> => {
    const before = idFloor(new Date(now().getTime() - pendingLimit));
    const rows = await reader.query<{ change_id: string; is_lost: boolean }>(PENDING, [
      reader.companyId,
      before,
      MOST_FAULTS,
    ]);
    for (const { change_id: changeId, is_lost } of rows)
      add(
        is_lost
          ? { changeId, kind: 'change_deleted', detail: 'the row was deleted before it was sealed' }
          : { changeId, kind: 'pending_too_old', detail: `waits for its number for over ${pendingLimit / 1000} s` },
      );
  };

  const checkUnsealed = async (reader: Reader, add: Add): Promise<void> => {
    let after = NO_ID;
    for (;;) {
      const rows = await reader.prepared<{ id: string; is_lost: boolean }>(UNSEALED, [reader.companyId, after, page]);
      for (const { id: changeId, is_lost } of rows)
        if (is_lost) add({ changeId, kind: 'never_sealed', detail: 'the row has no number and waits for none' });
      if (rows.length < page) return;
      after = rows.at(-1)!.id;
    }
  };

  return {
    verify: async (reader, range = {}) => {
      const faults: ChainFault[] = [];
      const add: Add = (fault) => {
        if (faults.length < MOST_FAULTS) faults.push(fault);
      };
      const { last } = await checkEnds(reader, add);
      const from = range.from ?? 1;
      const to = Math.min(range.to ?? last.seq, last.seq);
      const checked = await walk(reader, from, to, add);
      await checkPending(reader, add);
      if (range.from === undefined && range.to === undefined) await checkUnsealed(reader, add);
      return { company: reader.companyId, from, to, checked, ok: faults.length === 0, faults };
    },
  };
};

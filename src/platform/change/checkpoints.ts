import type pg from 'pg';
import { hmac, lookupHashes } from '../crypto/sealed.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { startLoop } from '../process/loop.ts';
import type { Loop } from '../process/loop.ts';

/** Where signed checkpoints are kept: outside the database, so that what is cut off there shows. */
export interface CheckpointStore {
  put(name: string, text: string): Promise<void>;
  /** The text, or undefined when there is no such checkpoint. */
  get(name: string): Promise<string | undefined>;
  /** Names that begin with `prefix`. */
  list(prefix: string): Promise<string[]>;
}

/** Where a company's chain stood. */
export interface Checkpoint {
  readonly company: string;
  readonly seq: number;
  /** Hash of that number's link, in hexadecimal. */
  readonly hash: string;
  readonly at: string;
}

const PURPOSE = 'chain-checkpoint';
const WIDTH = 16;

const signedText = ({ company, seq, hash, at }: Checkpoint): string => JSON.stringify([company, seq, hash, at]);

/** `checkpoints/COMPANY/`: the prefix under which a company's checkpoints stand. */
export const checkpointPrefix = (companyId: string): string => `checkpoints/${companyId}/`;

/** Names sort as their numbers do. */
export const checkpointName = (companyId: string, seq: number): string =>
  `${checkpointPrefix(companyId)}${String(seq).padStart(WIDTH, '0')}.json`;

/** The number in a name of `checkpointName`. */
export const checkpointSeq = (name: string): number => Number(name.slice(-WIDTH - 5, -5));

export const writeCheckpoint = (checkpoint: Checkpoint, keyRing: KeyRing): string =>
  JSON.stringify({ ...checkpoint, signature: hmac(keyRing, PURPOSE, signedText(checkpoint)) });

/** The checkpoint, or undefined when no key of the ring signed exactly this. Never throws. */
export const readCheckpoint = (text: string, keyRing: KeyRing): Checkpoint | undefined => {
  try {
    const { signature, ...checkpoint } = JSON.parse(text) as Checkpoint & { signature: string };
    return lookupHashes(keyRing, PURPOSE, signedText(checkpoint)).includes(signature) ? checkpoint : undefined;
  } catch {
    return undefined;
  }
};

export interface CheckpointerOptions {
  /** A pool of user `system`. */
  readonly system: pg.Pool;
  /** Setting CHAIN_KEY. */
  readonly keyRing: KeyRing;
  readonly store: CheckpointStore;
  readonly now: () => Date;
  readonly onError: (error: unknown, companyId?: string) => void;
  /** A checkpoint is due after so many numbers … Default 1,000. */
  readonly everySeals?: number;
  /** … or when the last is so many milliseconds old and there are newer numbers. Default 10 minutes. */
  readonly everyMs?: number;
}

export interface Checkpointer {
  start(): void;
  /** Writes what is due now. Answers how many. Two processes may write the same one: it says the same. */
  run(): Promise<number>;
  stop(): Promise<void>;
}

interface DueHead {
  readonly company_id: string;
  readonly seq: number;
  readonly hash: Buffer;
}

const LOOK_EVERY = 10_000;
const DUE = `select company_id, seq, hash from change_head
  where seq > checkpoint_seq and (seq - checkpoint_seq >= $1 or checkpoint_at is null or checkpoint_at <= $2)`;
const MARK = `update change_head set checkpoint_seq = $2, checkpoint_at = $3
  where company_id = $1 and checkpoint_seq < $2`;

/** Writes signed checkpoints of every chain that moved. A store that fails holds up no sealing: the next round repeats. */
export const createCheckpointer = ({
  system,
  keyRing,
  store,
  now,
  onError,
  everySeals = 1_000,
  everyMs = 600_000,
}: CheckpointerOptions): Checkpointer => {
  let loop: Loop | undefined;

  const run = async (): Promise<number> => {
    const at = now();
    const { rows } = await system.query<DueHead>(DUE, [everySeals, new Date(at.getTime() - everyMs)]);
    let written = 0;
    for (const { company_id: company, seq, hash } of rows) {
      try {
        const checkpoint = { company, seq, hash: hash.toString('hex'), at: at.toISOString() };
        await store.put(checkpointName(company, seq), writeCheckpoint(checkpoint, keyRing));
        await system.query(MARK, [company, seq, at]);
        written += 1;
      } catch (error) {
        onError(error, company);
      }
    }
    return written;
  };

  return {
    run,
    start: () => {
      loop ??= startLoop({ look: async () => void (await run()), least: LOOK_EVERY, onError });
    },
    stop: async () => {
      await loop?.stop();
      loop = undefined;
    },
  };
};

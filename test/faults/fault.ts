import type { Stage } from './stage.ts';

/** What one fault, done over and over, did to the system. */
export interface Figures {
  /** How often it was done, or to how much: see docs/faults.md. */
  readonly tried: number;
  /** What was acknowledged, or waited, and is gone. */
  readonly lost: number;
  /** What is there, or was done, more than once. */
  readonly doubled: number;
  /** Longest time until the system did its work again, s; null where nothing has to recover. */
  readonly recoverySeconds: number | null;
  readonly ok: boolean;
  /** What else is worth a line, and every reason why it is not ok. */
  readonly notes: readonly string[];
}

export interface FaultContext {
  /** A small part of it, for every submission. */
  readonly short: boolean;
  /** Says how far it is; as often as one likes. */
  readonly progress: (text: string) => void;
  /** Ends something when the fault is over, however it ended: what was begun last first. It may have ended already. */
  readonly after: (end: () => void | Promise<void>) => void;
  /** A database, a realm and a Redis of this run's own, shared by all faults: leave on it nothing that runs. */
  readonly stage: Stage;
}

/** Something bad that happens to a system that works. */
export interface Fault {
  readonly name: string;
  /** Left out of short runs, where another fault has it in it. */
  readonly onlyFull?: true;
  /** What a full run takes on two quiet cores, about. */
  readonly minutes: number;
  readonly run: (context: FaultContext) => Promise<Figures>;
}

/** Ok unless something is wrong; what is wrong stands among the notes. */
export const judged = (
  figures: Omit<Figures, 'ok' | 'notes'>,
  wrong: readonly string[],
  notes: readonly string[] = [],
): Figures => ({ ...figures, ok: wrong.length === 0, notes: [...wrong.map((text) => `WRONG: ${text}`), ...notes] });

/** Times that a short run allows, by those of a full one: it shares its machine with whatever else is tested. */
export const patienceOf = (short: boolean): number => (short ? 4 : 1);

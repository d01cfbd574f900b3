import { v7 as uuidv7 } from 'uuid';
import type { Hand } from './crew.ts';
import { waitFor } from './waiting.ts';

/** Something that a person tells the system to do, once. */
export interface Command {
  /** Tells it from all others of the run: it becomes a day. */
  readonly n: number;
  readonly kind: 'leave' | 'export';
  readonly hand: Hand;
  /** Without it, it is not repeated when its answer is lost. */
  readonly key?: string;
  outcome: 'acknowledged' | 'unknown';
  /** Of what it made. */
  id?: string;
}

/** An answer, as far as it is of interest; undefined when the connection gave none. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: {
    readonly id?: string;
    readonly code?: string;
    readonly status?: string | number;
    readonly download?: string;
  };
}

const PATIENCE = 15_000;
/** A command is sent again until it is acknowledged, but no longer than this, ms. */
const MOST = 600_000;
const PAUSE = 100;
/**
 * The product lets a person ask for 30 exports an hour, and each try counts. Nobody begins one who has asked this often in
 * the hour: what is left is for trying again.
 */
const MOST_EXPORTS = 20;
const HOUR = 3_600_000;
/** Nor does anybody whose last one is as young as this, ms: it may still run, and one runs at a time. */
const REST = 5_000;
/** An export that was answered is tried again no sooner than this, ms, nor before the answer says. */
const EXPORT_PAUSE = 10_000;
const PAUSES = {
  leave: () => PAUSE,
  export: (answer: Answer | undefined) =>
    answer === undefined ? PAUSE : Math.max(Number(answer.retryAfter ?? 0) * 1_000, EXPORT_PAUSE),
};
/** Another command of the same person runs, or this one still does. */
const LATER = new Set(['REQUEST_RUNNING', 'EXPORT_RUNNING']);
const FIRST_DAY = Date.UTC(2000, 0, 1);

/** The day that tells leave `n`; nobody has two on one day. */
export const dayOf = (n: number): string => new Date(FIRST_DAY + n * 86_400_000).toISOString().slice(0, 10);

/** Sends a request; undefined when the connection broke or nothing came. */
export const ask = async (url: string, init: RequestInit): Promise<Answer | undefined> => {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) });
    const text = await response.text();
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: (text.startsWith('{') ? JSON.parse(text) : {}) as Answer['body'],
    };
  } catch {
    return undefined;
  }
};

const requestOf = async ({ n, kind, hand, key }: Command): Promise<[path: string, init: RequestInit]> => {
  const body =
    kind === 'leave'
      ? { profileId: hand.profileId, kind: 'training', startsOn: dayOf(n), endsOn: dayOf(n) }
      : { kind: 'projects', format: 'csv' };
  const headers = {
    authorization: await hand.bearer(),
    'content-type': 'application/json',
    ...(key !== undefined && { 'idempotency-key': key }),
  };
  const path = kind === 'leave' ? '/angelis/admin/assignment/leave' : '/angelis/manager/export';
  return [path, { method: 'POST', headers, body: JSON.stringify(body) }];
};

/** What was sent, and every answer that was not as it should be. */
export interface Commander {
  readonly commands: readonly Command[];
  readonly wrong: ReadonlyMap<string, number>;
  /** How many tries were answered with 503, and how many not at all. */
  readonly refused: () => number;
  readonly unanswered: () => number;
  /**
   * Sends one to an instance of the web, again and again until it is answered where it has a key. `url` is asked for each
   * time. Resolves when its outcome stands.
   */
  /** Who of them asked for an export longest ago, of those who may ask for one now; undefined when nobody may. */
  readonly exporter: (hands: readonly Hand[], rest?: number) => Hand | undefined;
  readonly send: (
    kind: Command['kind'],
    hand: Hand,
    options: { keyed: boolean; url: () => string },
  ) => Promise<Command>;
  /** What is not acknowledged yet is given up. */
  readonly giveUp: () => void;
}

/** Commands of many people, all told apart. */
export const createCommander = (): Commander => {
  const commands: Command[] = [];
  const wrong = new Map<string, number>();
  let refused = 0;
  let unanswered = 0;
  let isGivenUp = false;
  /** When each person tried to export in the last hour. */
  const tries = new Map<Hand, number[]>();
  const triesOf = (hand: Hand): readonly number[] =>
    (tries.get(hand) ?? []).filter((at) => performance.now() - at < HOUR);
  const blame = (text: string): void => void wrong.set(text, (wrong.get(text) ?? 0) + 1);

  /** Whether its outcome stands: else it is to be sent again, or remains unknown. */
  const judge = (command: Command, answer: Answer | undefined): boolean => {
    if (answer === undefined) {
      unanswered += 1;
      return false;
    }
    const { status, retryAfter, body } = answer;
    if (status === 201 || status === 202) {
      command.outcome = 'acknowledged';
      if (body.id !== undefined) command.id = body.id;
      return true;
    }
    if (status === 503) {
      refused += 1;
      if (retryAfter === null) blame(`503 ${body.code} without Retry-After`);
      return false;
    }
    if (status === 409 && LATER.has(body.code ?? '')) return false;
    blame(`${command.kind} answered with ${status} ${body.code}`);
    return true;
  };

  return {
    commands,
    wrong,
    refused: () => refused,
    unanswered: () => unanswered,
    giveUp: () => {
      isGivenUp = true;
    },
    exporter: (hands, rest = REST) => {
      const last = (hand: Hand): number => triesOf(hand).at(-1) ?? -Infinity;
      const rested = hands.filter(
        (hand) => triesOf(hand).length < MOST_EXPORTS && performance.now() - last(hand) > rest,
      );
      return rested.toSorted((a, b) => last(a) - last(b))[0];
    },
    send: async (kind, hand, { keyed, url }) => {
      const command: Command = {
        n: commands.length,
        kind,
        hand,
        outcome: 'unknown',
        ...(keyed && { key: uuidv7() }),
      };
      commands.push(command);
      let answer: Answer | undefined;
      const isOver = async (): Promise<boolean> => {
        if (kind === 'export') tries.set(hand, [...triesOf(hand), performance.now()]);
        const [path, init] = await requestOf(command);
        answer = await ask(`${url()}${path}`, init);
        return judge(command, answer) || !keyed || isGivenUp;
      };
      await waitFor(`command ${command.n} (${kind}) is acknowledged`, isOver, {
        most: MOST,
        every: () => PAUSES[kind](answer),
      });
      return command;
    },
  };
};

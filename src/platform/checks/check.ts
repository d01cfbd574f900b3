import { redactText } from '../telemetry/redact.ts';
import { reasonOf } from './reason.ts';

export type Figures = Readonly<Record<string, string | number | boolean | null>>;

/** Something that a part answered and that is wrong: what, and what to do. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly advice: string;

  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}

/**
 * One thing that must hold for this system to work. Declared once, in wiring: production asks some before it starts,
 * health/detail shows them, `angelis doctor` names what is wrong.
 */
export interface Check {
  readonly name: string;
  /** Without it nothing can be served: readiness turns false. */
  readonly hard?: boolean;
  /** While it is at fault, production does not start. */
  readonly refusesStart?: boolean;
  /** The check without which this one can tell nothing. */
  readonly needs?: string;
  /** What to do when it fails without saying so itself. */
  readonly advice: string;
  /** Resolves with figures worth showing; rejects with a `Fault`, or with whatever kept it from an answer. */
  readonly run: () => Promise<Figures | void>;
}

export interface CheckResult {
  readonly name: string;
  readonly hard: boolean;
  readonly ok: boolean;
  /** True when what it needs is at fault: it was not asked. */
  readonly skipped?: true;
  readonly ms: number;
  readonly figures?: Figures;
  /** What is wrong, without secrets. */
  readonly error?: string;
  readonly advice?: string;
}

const within = async <T>(work: Promise<T>, milliseconds: number): Promise<T> => {
  const timer = Promise.withResolvers<never>();
  const handle = setTimeout(() => {
    timer.reject(new Error(`no answer within ${milliseconds} ms`));
  }, milliseconds);
  try {
    return await Promise.race([work, timer.promise]);
  } finally {
    clearTimeout(handle);
  }
};

/** What an error says; one of several addresses that all failed has no text of its own. */
const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error && error.message !== '' ? error.message : String(error);
};

const runOne = async ({ name, hard = false, advice, run }: Check, timeout: number): Promise<CheckResult> => {
  const begun = performance.now();
  const ms = () => Math.round(performance.now() - begun);
  try {
    const figures = await within(Promise.try(run), timeout);
    return { name, hard, ok: true, ms: ms(), ...(figures && { figures }) };
  } catch (error) {
    if (error instanceof Fault)
      return { name, hard, ok: false, ms: ms(), error: redactText(error.message), advice: error.advice };
    const message = messageOf(error);
    const reason = reasonOf(error);
    const isTold = reason === undefined || message.includes(reason.says);
    const what = redactText(isTold ? message : `${message}: ${reason.says}`);
    return { name, hard, ok: false, ms: ms(), error: what, advice: reason?.advice ?? advice };
  }
};

/**
 * Asks all of them at once, each for at most `timeout` ms; one that needs another waits for it, and is skipped when that
 * one is at fault. `onResult` is told of each as it ends. Answers in the order given.
 */
export const runChecks = async (
  checks: readonly Check[],
  timeout: number,
  onResult: (result: CheckResult) => void = () => undefined,
): Promise<CheckResult[]> => {
  const running = new Map<string, Promise<CheckResult>>();
  const begin = (check: Check): Promise<CheckResult> => {
    const { name, hard = false, needs } = check;
    const begun = running.get(name);
    if (begun !== undefined) return begun;
    const needed = checks.find((other) => other.name === needs);
    const run = async (): Promise<CheckResult> => {
      const isAsked = needed === undefined || (await begin(needed)).ok;
      const result: CheckResult = isAsked
        ? await runOne(check, timeout)
        : { name, hard, ok: false, skipped: true, ms: 0 };
      onResult(result);
      return result;
    };
    const result = run();
    running.set(name, result);
    return result;
  };
  return Promise.all(checks.map(begin));
};

/** What a production process refuses to start with, one line each; a part that does not answer is no reason to. */
export const startFaults = async (checks: readonly Check[], timeout: number): Promise<string[]> => {
  const asked = await Promise.allSettled(
    checks.filter(({ refusesStart }) => refusesStart === true).map(({ run }) => within(Promise.try(run), timeout)),
  );
  return asked.flatMap((outcome) =>
    outcome.status === 'rejected' && outcome.reason instanceof Fault
      ? [redactText(`${outcome.reason.message}: ${outcome.reason.advice}`)]
      : [],
  );
};

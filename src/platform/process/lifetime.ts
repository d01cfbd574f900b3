import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

export interface LifetimeOptions {
  log: Pick<Logger, 'info' | 'warn' | 'error' | 'fatal'>;
  /** DRAIN_SECONDS: the time that all parts together have to stop. */
  drainSeconds: number;
  /** Writes out what is still buffered, the log above all; the last thing that happens. */
  flush: () => Promise<void>;
}

/** The parts of a process, started one after the other and stopped in the reverse order. */
export interface Lifetime {
  /**
   * Starts a part and remembers how to stop it. `end` receives a signal that is raised at four fifths of the drain time:
   * open work is cut then. Throws what `begin` throws, and when the process is already stopping.
   */
  start<Part>(
    name: string,
    begin: () => Promise<Part> | Part,
    end: (part: Part, cut: AbortSignal) => Promise<void> | void,
  ): Promise<Part>;
  /** Raised as soon as the process is told to stop: readiness turns false, nothing new is taken on. */
  readonly stopping: AbortSignal;
  /** Stops all parts; false when one failed or did not stop in time. Every call waits for the same stop. */
  stop(reason: string): Promise<boolean>;
  /**
   * Obeys the process's signals: SIGINT, SIGTERM or SIGHUP (a terminal that was closed) stops and exits 0 (1 when a part did not stop), a second one exits 1 at once.
   * An error that nobody caught is logged, and the process exits 1: its state is unknown.
   */
  obeySignals(): void;
}

interface Started {
  name: string;
  /** Stops the part once it has started, if it did. */
  end: (cut: AbortSignal) => Promise<void>;
}

// A part whose time is over is still told to stop, and gets this long: a database must not be left running.
const leastMilliseconds = 500;
// npm and the angelis command pass on the Ctrl-C that the terminal has sent to the whole group already: it is the same one.
const echoMilliseconds = 500;

/** Makes the lifetime of this process; nothing happens until parts are started. */
export const createLifetime = ({ log, drainSeconds, flush }: LifetimeOptions): Lifetime => {
  const started: Started[] = [];
  const stopping = new AbortController();
  let stopped: Promise<boolean> | undefined;

  const endPart = async ({ name, end }: Started, cut: AbortSignal, milliseconds: number): Promise<boolean> => {
    const over = new AbortController();
    const timeout = async (): Promise<false> => {
      await sleep(milliseconds, undefined, { signal: over.signal });
      return false;
    };
    const finish = async (): Promise<true> => {
      await end(cut);
      return true;
    };
    try {
      const inTime = await Promise.race([finish(), timeout()]);
      if (!inTime) log.warn({ part: name }, 'did not stop in time');
      return inTime;
    } catch (error) {
      log.error({ part: name, err: error }, 'failed to stop');
      return false;
    } finally {
      over.abort();
    }
  };

  const stopAll = async (reason: string): Promise<boolean> => {
    log.info({ reason, drainSeconds }, 'stopping');
    stopping.abort();
    const until = performance.now() + drainSeconds * 1000;
    const cut = AbortSignal.timeout(drainSeconds * 800);
    let clean = true;
    for (const part of started.toReversed()) {
      const left = Math.max(until - performance.now(), leastMilliseconds);
      clean = (await endPart(part, cut, left)) && clean;
    }
    log.info({ clean }, 'stopped');
    return clean;
  };

  const stop = (reason: string): Promise<boolean> => (stopped ??= stopAll(reason));

  const exit = async (code: number): Promise<void> => {
    await Promise.race([flush(), sleep(1000)]);
    process.exit(code);
  };

  const fail = (error: unknown, kind: string): void => {
    log.fatal({ err: error, kind }, 'an error that nobody caught: the process ends');
    void exit(1);
  };

  return {
    stopping: stopping.signal,
    stop,
    start: async (name, begin, end) => {
      if (stopping.signal.aborted) throw new Error(`${name} is not started: the process is stopping`);
      const starting = Promise.try(begin);
      const part: Started = {
        name,
        end: async (cut) => {
          const [result] = await Promise.allSettled([starting]);
          if (result.status === 'fulfilled') await end(result.value, cut);
        },
      };
      started.push(part);
      return starting;
    },
    obeySignals: () => {
      // A terminal that was closed takes no words any more; that ends nothing.
      for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
      let first: number | undefined;
      const onSignal = async (signal: NodeJS.Signals): Promise<void> => {
        if (first === undefined) {
          first = performance.now();
          await exit((await stop(signal)) ? 0 : 1);
        } else if (performance.now() - first > echoMilliseconds) {
          log.warn({ signal }, 'told to stop again: exiting at once');
          await exit(1);
        }
      };
      process.on('SIGINT', (signal) => void onSignal(signal));
      process.on('SIGTERM', (signal) => void onSignal(signal));
      process.on('SIGHUP', (signal) => void onSignal(signal));
      process.on('uncaughtException', (error) => fail(error, 'uncaughtException'));
      process.on('unhandledRejection', (error) => fail(error, 'unhandledRejection'));
    },
  };
};

import { freePort } from '../../src/platform/embedded/ports.ts';
import { startServer } from '../support/servers/production.ts';
import type { StartedServer } from '../support/servers/production.ts';
import { inTime, waitFor } from './waiting.ts';

/** A process of the product, `node dist/src/server.js` in production mode, that is started again on the same ports. */
export interface Member {
  readonly role: 'web' | 'jobs';
  /** Where the API answers (web), and the private port. */
  readonly url: string;
  readonly figures: string;
  /** Starts it and resolves when it serves. Throws, with its log, when it ends before. */
  readonly start: () => Promise<void>;
  /** Sends a signal (SIGKILL) and resolves with its exit code when it is gone. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<number | null>;
  readonly runs: () => boolean;
  /** What it has written since it was started. */
  readonly log: () => string;
}

const serves = async (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status === 200;
    },
    () => false,
  );

/** A process that is not started yet, and never is once the run is over: nobody would end it. */
export const createMember = async (
  role: Member['role'],
  env: Readonly<Record<string, string>>,
  over: AbortSignal,
): Promise<Member> => {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const figures = `http://127.0.0.1:${metricsPort}`;
  const probe = role === 'web' ? `${url}/angelis/health/ready` : `${figures}/metrics`;
  let running: StartedServer | undefined;
  const runs = (): boolean => running?.runs() === true;
  return {
    role,
    url,
    figures,
    runs,
    log: () => `${running?.log() ?? ''}${running?.complaint() ?? ''}`,
    start: async () => {
      over.throwIfAborted();
      if (runs()) throw new Error(`the ${role} process at ${url} runs already`);
      const started = startServer({ ...env, PROCESS: role, PORT: String(port), METRICS_PORT: String(metricsPort) });
      running = started;
      await waitFor(`a ${role} process serves`, async () => {
        if (await serves(probe)) return true;
        if (!started.runs()) throw new Error(`a ${role} process ended: ${started.complaint()}${started.log()}`);
        return false;
      });
    },
    kill: async (signal = 'SIGKILL') => {
      running?.kill(signal);
      return running === undefined ? null : inTime(`a ${role} process ends after ${signal}`, running.ended);
    },
  };
};

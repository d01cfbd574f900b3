import Type from 'typebox';
import { runChecks } from '../checks/check.ts';
import type { Check, CheckResult } from '../checks/check.ts';
import { exact, instant, oneOf } from '../schema/types.ts';
import type { Module } from './module.ts';
import { ok, route } from './route.ts';

export interface HealthOptions {
  readonly checks: readonly Check[];
  readonly version: string;
  readonly now: () => Date;
  /** Raised when the process drains: readiness turns false at once. */
  readonly stopping: AbortSignal;
}

export interface Health {
  readonly module: Module;
  /** Every check with its figures; for the private port. */
  detail(): Promise<{ ok: boolean; version: string; checks: readonly CheckResult[] }>;
}

/** How long a check may take, and for how long its result holds, in ms: readiness tells the truth at once. */
const HARD = { timeout: 2_000, fresh: 1_000 };
const EVERY = { timeout: 10_000, fresh: 30_000 };

/** Asks again once what is kept has grown old. */
const keeping = (checks: readonly Check[], { timeout, fresh }: typeof HARD, now: () => Date) => {
  let kept: { readonly at: number; readonly results: Promise<CheckResult[]> } | undefined;
  return (): Promise<CheckResult[]> => {
    if (kept === undefined || now().getTime() - kept.at > fresh)
      kept = { at: now().getTime(), results: runChecks(checks, timeout) };
    return kept.results;
  };
};

const STATUS = exact({ status: oneOf(['ok', 'unavailable']), time: instant(), version: Type.String() });
const READY = exact({
  status: oneOf(['ok', 'unavailable']),
  checks: Type.Array(exact({ name: Type.String(), ok: Type.Boolean() }), { maxItems: 50 }),
});

/** Probes: `/health` for people, `live` without dependencies, `ready` over the hard ones. */
export const createHealth = ({ checks, version, now, stopping }: HealthOptions): Health => {
  const every = keeping(checks, EVERY, now);
  const hardOnes = keeping(
    checks.filter(({ hard: isHard }) => isHard === true),
    HARD,
    now,
  );
  const hard = async () => (await hardOnes()).map(({ name, ok: isOk }) => ({ name, ok: isOk }));
  const ready = async () => {
    const parts = [{ name: 'accepting', ok: !stopping.aborted }, ...(await hard())];
    return parts.every((part) => part.ok)
      ? ok({ status: 'ok' as const, checks: parts })
      : {
          status: 503 as const,
          body: { status: 'unavailable' as const, checks: parts },
          headers: { 'Retry-After': '2' },
        };
  };
  const routes = [
    route(
      {
        method: 'get',
        path: '/',
        id: 'getHealth',
        summary: 'Whether the service answers',
        permission: 'public',
        rate: 'unlimited',
        responses: { 200: STATUS },
      },
      async () =>
        ok({
          status: (await hard()).every((part) => part.ok) ? ('ok' as const) : ('unavailable' as const),
          time: now().toISOString(),
          version,
        }),
    ),
    route(
      {
        method: 'get',
        path: '/live',
        id: 'getLiveness',
        summary: 'Whether the process runs',
        permission: 'public',
        rate: 'unlimited',
        responses: { 200: STATUS },
      },
      () => Promise.resolve(ok({ status: 'ok' as const, time: now().toISOString(), version })),
    ),
    route(
      {
        method: 'get',
        path: '/ready',
        id: 'getReadiness',
        summary: 'Whether the process can serve',
        permission: 'public',
        rate: 'unlimited',
        responses: { 200: READY, 503: READY },
      },
      ready,
    ),
  ];
  return {
    module: { name: 'health', base: '/health', routes },
    detail: async () => {
      const fresh = new Map((await hardOnes()).map((result) => [result.name, result]));
      const all = (await every()).map((result) => fresh.get(result.name) ?? result);
      return { ok: all.every((result) => result.ok || !result.hard), version, checks: all };
    },
  };
};

import Type from 'typebox';
import { exact, instant, oneOf } from '../schema/types.ts';
import type { Module } from './module.ts';
import { ok, route } from './route.ts';

/** One part that the process depends on. `hard`: without it nothing can be served. */
export interface HealthCheck {
  readonly name: string;
  readonly hard: boolean;
  /** Resolves when the part answers, with figures worth showing; rejects when it does not. */
  readonly check: () => Promise<Readonly<Record<string, string | number | boolean | null>> | void>;
}

export interface CheckResult {
  readonly name: string;
  readonly hard: boolean;
  readonly ok: boolean;
  readonly ms: number;
  readonly error?: string;
  readonly figures?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface HealthOptions {
  readonly checks: readonly HealthCheck[];
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

const TIMEOUT = 2_000;
const FRESH = 1_000;

const within = async <T>(work: Promise<T>): Promise<T> => {
  const timer = Promise.withResolvers<never>();
  const handle = setTimeout(() => {
    timer.reject(new Error(`no answer within ${TIMEOUT} ms`));
  }, TIMEOUT);
  try {
    return await Promise.race([work, timer.promise]);
  } finally {
    clearTimeout(handle);
  }
};

const run = async ({ name, hard, check }: HealthCheck): Promise<CheckResult> => {
  const begun = performance.now();
  const ms = () => Math.round(performance.now() - begun);
  try {
    const figures = await within(Promise.resolve(check()));
    return { name, hard, ok: true, ms: ms(), ...(figures && { figures }) };
  } catch (error) {
    return { name, hard, ok: false, ms: ms(), error: error instanceof Error ? error.message : 'unknown' };
  }
};

const STATUS = exact({ status: oneOf(['ok', 'unavailable']), time: instant(), version: Type.String() });
const READY = exact({
  status: oneOf(['ok', 'unavailable']),
  checks: Type.Array(exact({ name: Type.String(), ok: Type.Boolean() }), { maxItems: 50 }),
});

/** Probes: `/health` for people, `live` without dependencies, `ready` over the hard ones. */
export const createHealth = ({ checks, version, now, stopping }: HealthOptions): Health => {
  let kept: { readonly at: number; readonly results: Promise<CheckResult[]> } | undefined;
  const results = (): Promise<CheckResult[]> => {
    if (kept === undefined || now().getTime() - kept.at > FRESH)
      kept = { at: now().getTime(), results: Promise.all(checks.map(run)) };
    return kept.results;
  };
  const hard = async () =>
    (await results()).filter((result) => result.hard).map(({ name, ok: isOk }) => ({ name, ok: isOk }));
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
      const all = await results();
      return { ok: all.every((result) => result.ok || !result.hard), version, checks: all };
    },
  };
};

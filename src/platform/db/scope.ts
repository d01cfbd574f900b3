/** Who acts: a person through a profile, operator staff, a machine client, or the system itself. */
export interface Actor {
  readonly kind: 'profile' | 'operator' | 'machine' | 'system';
  /** Profile, operator person or machine client; for the system the name of the job is in `via`. */
  readonly id: string | null;
  /** Whom a delegate stands for. */
  readonly onBehalfOf?: string;
  /** Name of the job or timer that acts as the system; `support:<id>`, the session in which staff act in a company. */
  readonly via?: string;
}

/** The company a transaction works in and for whom. With `session`, the database checks that it is still what was cached. */
export interface Scope {
  readonly companyId: string;
  readonly actor: Actor;
  readonly session?: { readonly id: string; readonly epoch: number };
  readonly traceId: string;
  readonly address?: string;
  readonly agent?: string;
}

/** The company of the operator itself: its people are staff, its change log holds what staff does to operator tables. */
export const OPERATOR_COMPANY = '00000000-0000-7000-8000-000000000000';

/** The scope of background work for one company. */
export const systemScope = (companyId: string, via: string, traceId: string): Scope => ({
  companyId,
  actor: { kind: 'system', id: null, via },
  traceId,
});

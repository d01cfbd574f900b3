import { v7 as uuidv7 } from 'uuid';
import { isUnbounded } from '../../../platform/access/allowance.ts';
import { lastingUntil, lasts } from '../../../platform/access/lasting.ts';
import type { Catalogue, Openings } from '../../../platform/access/catalogue.ts';
import type { Decide } from '../../../platform/access/decision.ts';
import type { ListQuery } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';
import { conflict, forbidden, invalid, notFound } from '../../../platform/module.ts';
import type { Context, Enqueue, List, Repository, Revealed } from '../../../platform/module.ts';
import type { MachineSessions } from '../sessions/machine-sessions.service.ts';
import { ALIGN_CLIENT } from './api-clients.jobs.ts';
import type { ApiClientRow } from './api-clients.repository.ts';

interface ApiClientsDependencies {
  readonly work: UnitOfWork;
  readonly enqueue: Enqueue;
  readonly repository: Repository<ApiClientRow>;
  readonly list: List;
  readonly identityProvider: Pick<IdentityProvider, 'machineClients'>;
  readonly sessions: MachineSessions;
  readonly decide: Decide;
  readonly catalogue: () => Catalogue;
  readonly openings: () => Openings;
  readonly now: () => Date;
}

type Body = Pick<ApiClientRow, 'name' | 'scopes'> & { readonly expiresAt?: string | null };
type WithSecret = Revealed<ApiClientRow>;
type Shown = { readonly text: string; readonly version: number };

export interface ApiClients {
  page(context: Context, query: ListQuery & object): Promise<string>;
  read(context: Context, id: string): Promise<Shown>;
  /**
   * Makes a client; its secret is in this answer and nowhere else. One without (the try broke off) is given one by `rotate`.
   * 422 for scopes that the caller does not hold, or that open nothing to a machine client.
   */
  create(context: Context, body: Body): Promise<WithSecret>;
  edit(context: Context, id: string, patch: Partial<Body>, version: number): Promise<Shown>;
  /** A new secret; the old one is no good any more. */
  rotate(context: Context, id: string, version: number): Promise<WithSecret>;
  /** For good, from the next request on. */
  revoke(context: Context, id: string, version: number): Promise<Shown>;
}

/** Machine clients of a company: what they may do is at most what their maker may, and for as long. */
export const createApiClients = (dependencies: ApiClientsDependencies): ApiClients => {
  const { work, enqueue, repository, list, identityProvider, sessions, decide, catalogue, openings, now } =
    dependencies;
  const { machineClients } = identityProvider;

  const holds = (principal: Context['principal'], scope: string): boolean => {
    const held = decide(principal, scope);
    return held.allowed && isUnbounded(held);
  };
  /** What a client was given before is not given by whoever keeps it among its scopes. */
  const checkScopes = (
    principal: Context['principal'],
    scopes: readonly string[],
    kept: readonly string[] = [],
  ): void => {
    const known = catalogue();
    for (const [index, scope] of scopes.entries()) {
      if (!Object.hasOwn(known, scope)) throw invalid(`/scopes/${index}`, 'UNKNOWN_REFERENCE');
      if (!kept.includes(scope) && !holds(principal, scope)) throw invalid(`/scopes/${index}`, 'SCOPE_NOT_HELD');
      if (!openings().get(scope)?.has('machine')) throw invalid(`/scopes/${index}`, 'SCOPE_OPENS_NOTHING');
    }
  };
  /** Who changes a client, or gets its secret, may do whatever it may; whoever may revoke it may make it less. */
  const mustHold = (principal: Context['principal'], { scopes }: Pick<ApiClientRow, 'scopes'>): void => {
    const missing = scopes.find((scope) => !holds(principal, scope));
    if (missing !== undefined) throw forbidden('GRANT_ABOVE_OWN', { params: { permission: missing } });
  };
  /** What a client comes to be able to do, for as long as it is there, whoever lets it holds as long. */
  const mustHoldAsLong = ({ principal }: Context, row: Pick<ApiClientRow, 'scopes' | 'expiresAt'>): void => {
    mustHold(lastingUntil(principal, row.expiresAt), row);
  };
  /** What a change of a client adds to it: scopes, and where it stays longer all that it has. */
  const gainOf = (row: ApiClientRow, patch: Partial<Body>): Pick<ApiClientRow, 'scopes' | 'expiresAt'> => {
    const { scopes, expiresAt } = { ...row, ...patch };
    const isLonger = !lasts(row.expiresAt, expiresAt);
    return { scopes: isLonger ? scopes : scopes.filter((scope) => !row.scopes.includes(scope)), expiresAt };
  };
  const checkExpiry = (expiresAt: string | null | undefined): void => {
    if (expiresAt != null && new Date(expiresAt) <= now()) throw invalid('/expiresAt', 'PAST');
  };
  const mustBeActive = (row: ApiClientRow): void => {
    if (row.status !== 'active') throw conflict('CLIENT_REVOKED');
  };
  const firstSecret = async ({ clientId, name }: ApiClientRow): Promise<string> =>
    (await machineClients.create({ clientId, name })).secret;
  /** One that the provider does not have, since the try that made it broke off, comes to be there. */
  const nextSecret = async (row: ApiClientRow): Promise<string> => {
    try {
      return (await machineClients.rotateSecret(row.clientId)).secret;
    } catch (error) {
      if (!isProviderError(error, 'not_found')) throw error;
      return firstSecret(row);
    }
  };
  const read = async (context: Context, id: string): Promise<Shown> => {
    const found = await work.read(context, (reader) => list.one(reader, id));
    if (found === undefined) throw notFound();
    return found;
  };

  return {
    page: (context, query) => work.read(context, (reader) => list.page(reader, query)),
    read,
    create: async (context, { name, scopes, expiresAt = null }) => {
      checkScopes(lastingUntil(context.principal, expiresAt), scopes);
      checkExpiry(expiresAt);
      const id = uuidv7();
      const clientId = `angelis-machine-${id}`;
      const row = await work.write(context, async (tx) => {
        const made = await repository.insert(tx, { id, name, clientId, scopes, expiresAt, status: 'active' });
        await sessions.align(tx, clientId, expiresAt);
        return made;
      });
      return { row, secret: () => firstSecret(row) };
    },
    edit: async (context, id, patch, version) => {
      checkExpiry(patch.expiresAt);
      await work.write(context, async (tx) => {
        const row = await repository.lock(tx, id, version);
        checkScopes(context.principal, patch.scopes ?? [], row.scopes);
        const gain = gainOf(row, patch);
        if (gain.scopes.length > 0 || (patch.name ?? row.name) !== row.name) mustHold(context.principal, row);
        mustHoldAsLong(context, gain);
        mustBeActive(row);
        const after = await repository.update(tx, row, patch);
        await sessions.align(tx, row.clientId, after.expiresAt);
      });
      return read(context, id);
    },
    rotate: async (context, id, version) => {
      const row = await work.write(context, async (tx) => {
        const before = await repository.lock(tx, id, version);
        mustHoldAsLong(context, before);
        mustBeActive(before);
        return repository.update(tx, before, {}, { action: 'rotate_secret' });
      });
      return { row, secret: () => nextSecret(row) };
    },
    revoke: async (context, id, version) => {
      await work.write(context, async (tx) => {
        const row = await repository.lock(tx, id, version);
        mustBeActive(row);
        await repository.update(tx, row, { status: 'revoked' }, { action: 'revoke' });
        await sessions.end(tx, row.clientId);
        await enqueue(tx, ALIGN_CLIENT, { id });
      });
      return read(context, id);
    },
  };
};

import type { Catalogue } from '../../../platform/access/catalogue.ts';
import { lasts } from '../../../platform/access/lasting.ts';
import { forbidden } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import { grantsOf, lineageOf } from './authority.ts';
import type { Holding, RoleParts } from './authority.ts';
import { gainedOver } from './gains.ts';
import type { Stand } from './gains.ts';
import { coversBy, department, departmentsOf } from './moving.ts';
import { holdingsOf, rolesOf, scopesAround, standOf } from './roles.repository.ts';
import type { Stands, Work } from './roles.repository.ts';

/** Somebody's work in a project as it is to be. */
export interface WorkAhead extends Work {
  readonly profileId: string;
  /** Whether it is in force. */
  readonly isActive: boolean;
}

const isThere = (end: string | null, at: number): boolean => end === null || Date.parse(end) > at;

/** Now, and each of these ends that is still to come. */
const moments = (now: Date, ends: readonly (string | null)[]): number[] => {
  const at = now.getTime();
  return [at, ...new Set(ends.flatMap((end) => (end !== null && isThere(end, at) ? [Date.parse(end)] : [])))];
};

/** Whether somebody works there no longer than they do now. */
const isLeaving = (works: readonly Work[], { id, isActive, endsAt }: WorkAhead): boolean => {
  const now = works.find((work) => work.id === id);
  return !isActive || (now !== undefined && lasts(now.endsAt, endsAt));
};

/** What a caller holds, of all own roles. */
interface Holder {
  readonly held: Awaited<ReturnType<typeof holdingsOf>>;
  readonly all: ReadonlyMap<string, RoleParts>;
}

/** Whether work is of a project within which one of these is held. */
const isWithin =
  (held: readonly Holding[]) =>
  ({ projectId }: WorkAhead): boolean =>
    held.some(({ scope }) => scope?.kind === 'project' && scope.id === projectId);

/** Those of an own role that denies something. */
const denyingOf = ({ held, all }: Holder): readonly Holding[] =>
  held.filter(({ roleId }) => lineageOf(all.get(roleId ?? ''), all).some(({ denies }) => denies.length > 0));

/**
 * What people hold within a project they hold over whoever is at work in it: who decides who works there gives and takes by that.
 * Nobody gives themselves anything so. What others hold there is not asked: where people work changes from day to day.
 */
export const createMayWork = (catalogue: () => Catalogue) => {
  /** The first permission that the caller holds, now or at any time, farther over somebody whose work changes from `works` to `ahead`. */
  const gainedBy = async (
    tx: Tx,
    { held, all }: Holder,
    { departmentId, nearest, works }: Stands,
    ahead: readonly Work[],
  ): Promise<string | undefined> => {
    const at = departmentId === null ? null : department(departmentId);
    const departments = [...departmentsOf(held).map(department), ...(at === null ? [] : [at])];
    const covers = coversBy(await scopesAround(tx, departments));
    const ends = [...held.map(({ expiresAt }) => expiresAt), ...[...works, ...ahead].map(({ endsAt }) => endsAt)];
    for (const moment of moments(tx.now, ends)) {
      const standBy = (those: readonly Work[]): Stand => {
        const there = those.filter(({ endsAt }) => isThere(endsAt, moment));
        return { at, covers, nearest, projects: new Set(there.map(({ projectId }) => projectId)) };
      };
      const then = held.filter(({ expiresAt }) => isThere(expiresAt, moment));
      const gained = gainedOver(grantsOf(then, all), catalogue(), standBy(works), standBy(ahead));
      if (gained !== undefined) return gained;
    }
    return undefined;
  };

  /**
   * Throws 403 for a caller who, now or later, would hold more over somebody by these changes than without them: over whom they
   * take in, for how long, or let go of what an own role denies them there. What a system role leaves to others it denies for
   * that role's sake: it binds nobody to keep people at work.
   */
  return async (tx: Tx, { principal }: Pick<Caller, 'principal'>, changes: readonly WorkAhead[]): Promise<void> => {
    const { profileId: me } = principal;
    if (me === null || changes.length === 0) return;
    const held = await holdingsOf(tx, me, tx.now);
    if (!changes.some(isWithin(held))) return;
    const holder = { held, all: await rolesOf(tx) };
    const isDenied = isWithin(denyingOf(holder));
    if (!changes.some((work) => work.isActive || isDenied(work))) return;
    for (const [profileId, theirs] of Map.groupBy(changes, (work) => work.profileId)) {
      const stands = await standOf(tx, me, profileId);
      const { works } = stands;
      if (theirs.every((work) => isLeaving(works, work) && !isDenied(work))) continue;
      const changed = new Set(theirs.map(({ id }) => id));
      const ahead = [...works.filter(({ id }) => !changed.has(id)), ...theirs.filter(({ isActive }) => isActive)];
      const permission = await gainedBy(tx, holder, stands, ahead);
      if (permission !== undefined) throw forbidden('GRANT_ABOVE_OWN', { params: { permission } });
    }
  };
};

export type MayWork = ReturnType<typeof createMayWork>;

import type { Scope } from '../../../platform/db/scope.ts';
import { createCrud, forbidden, notFound } from '../../../platform/module.ts';
import type { Context, MovingParts, MovingService, Tx } from '../../../platform/module.ts';
import type { reaches, towardRow, visibleProfiles } from '../../organization/reach.ts';
import type { Action } from '../classification/classify.ts';
import type { Decisions } from '../decisions.ts';
import type { RosterFacts } from '../ports.ts';
import type { Generation } from './generation.ts';
import { overdue } from './requirements.repository.ts';
import type { Overdue, RequirementRow } from './requirements.repository.ts';
import type { Outage } from './requirements.lifecycle.ts';

interface RequirementsDependencies extends MovingParts<RequirementRow> {
  readonly generation: Generation;
  readonly decisions: Decisions;
  readonly roster: Pick<RosterFacts, 'shiftsWithoutRequirements'>;
  readonly visible: typeof visibleProfiles;
  readonly reaches: typeof reaches;
  readonly toward: typeof towardRow;
  readonly now: () => Date;
}

const AHEAD_MS = 24 * 3_600_000;
const BEHIND_MS = 3_600_000;
const BATCH = 100;
const NIL = '00000000-0000-0000-0000-000000000000';
/** What was taken in time may still be on its way: a source is read every minute. */
const ON_ITS_WAY_MS = 2 * 60_000;

/** A machine has to have seen it: that somebody says so alone never makes of a missing test an excused one. */
const outageOf = ({ sourceStatus, sourceReadAt, devices, licenseOut }: Overdue): Outage | undefined => {
  const detected = { since: null, devices: [] };
  if (sourceStatus === 'down' || sourceStatus === 'mapping')
    return { because: 'SOURCE_DOWN', detected: { ...detected, by: 'source', since: sourceReadAt } };
  const silent = devices.flatMap(({ silentSince }) => silentSince ?? []);
  if (devices.length > 0 && silent.length === devices.length) {
    const since = silent.toSorted().at(-1)!;
    return {
      because: 'DEVICE_OUTAGE',
      detected: { by: 'devices', since, devices: devices.map(({ serial }) => serial) },
    };
  }
  return licenseOut ? { because: 'LICENSE_OUTAGE', detected: { ...detected, by: 'license' } } : undefined;
};

/** The moves that make the decision table's words true. */
const MOVES = { assessment: 'block', restricted: 'lack', hold: 'miss' } as const satisfies Partial<
  Record<Action, string>
>;
const isMoving = (action: Action): action is keyof typeof MOVES => action in MOVES;

interface Fate {
  readonly move: 'drop' | (typeof MOVES)[keyof typeof MOVES];
  readonly outage?: Outage;
}

/** What becomes of a test that is not there; undefined: nothing yet, or its source was not read since, so that nobody knows. */
const fateOf = (late: Overdue, now: Date): Fate | undefined => {
  if (late.cancelled) return { move: 'drop' };
  const outage = outageOf(late);
  if (outage === undefined && late.isRead === false) return undefined;
  const { missing } = late.terms;
  const action = missing[outage === undefined ? 'test' : 'outage'][late.highRisk ? 'highRisk' : 'other'];
  const move = isMoving(action) ? MOVES[action] : 'miss';
  if (move === 'block') return { move, ...(outage && { outage }) };
  if (Date.parse(late.missAt) <= now.getTime()) return { move: 'miss' };
  return move === 'lack' && late.lackingSince === null ? { move } : undefined;
};

/** Before a requirement or a case of theirs: whoever opens cases of one person waits for the other. */
const lockProfile = async (tx: Tx, profileId: string): Promise<void> => {
  await tx.prepared('select 1 from profile where company_id = $1 and id = $2 for no key update', [
    tx.companyId,
    profileId,
  ]);
};

/** What is required of whom, what became of it, excuses and their review. */
export const createRequirements = (dependencies: RequirementsDependencies) => {
  const { repository, work, mover, generation, decisions, roster, visible, now } = dependencies;
  /** What the caller may see: of their own random tests those that may be taken by now. */
  const restrict = (context: Context) => (bind: (value: unknown) => string) =>
    `${visible(context, 't.profile_id', bind)}
     and (t.kind <> 'random' or t.window_from <= ${bind(now())} or t.profile_id is distinct from ${bind(context.principal.profileId)}::uuid)`;
  const crud = createCrud({ ...dependencies, restrict });

  const closeOne = async (tx: Tx, scope: Scope, late: Overdue): Promise<void> => {
    const fate = fateOf(late, tx.now);
    if (fate === undefined) return;
    await lockProfile(tx, late.profileId);
    const row = await repository.lock(tx, late.id);
    if (row.status !== 'due') return;
    if (fate.move === 'drop') await repository.remove(tx, row);
    else await mover.moveAs(tx, { scope }, row, fate.move, { ...fate.outage });
  };

  const move: MovingService<RequirementRow>['move'] = (context, id, name, input, version) => {
    if (name !== 'assess') return crud.move(context, id, name, input, version);
    return work.write(context, async (tx) => {
      await lockProfile(tx, (await repository.get(tx, id)).profileId);
      return crud.move({ ...context, tx }, id, name, input, version);
    });
  };

  return {
    ...crud,
    move,

    /** What was found face to face, and why. */
    notes: (context: Context, id: string) =>
      work.write(context, async (tx) => {
        if ((await dependencies.list.one(tx, id, restrict(context))) === undefined) throw notFound();
        return decisions.read(tx, 'requirement', id);
      }),

    /** A test for cause or after an incident, asked for by a superior; never for oneself. */
    ask: (context: Context, body: { profileId: string; kind: 'for_cause' | 'post_incident' }) =>
      work.write(context, async (tx) => {
        if (body.profileId === context.principal.profileId) throw forbidden('REQUIREMENT_OWN');
        if (!(await dependencies.reaches(tx, context, body.profileId))) throw notFound();
        const row = await generation.forCause(tx, { ...body, shiftId: null, triggerResultId: null });
        return repository.entity.show(row) as RequirementRow;
      }),

    /** Makes what is required of the shifts of the next day that have nothing yet; idempotent. */
    generate: async (scope: Scope, at: Date, signal: AbortSignal): Promise<void> => {
      const from = new Date(at.getTime() - BEHIND_MS);
      const to = new Date(at.getTime() + AHEAD_MS);
      for (;;) {
        signal.throwIfAborted();
        const made = await work.write({ scope }, async (tx) => {
          const shifts = await roster.shiftsWithoutRequirements(tx, { from, to, limit: BATCH });
          return shifts.length < BATCH ? (await generation.forShifts(tx, shifts), 0) : generation.forShifts(tx, shifts);
        });
        if (made === 0) return;
      }
    },

    /** What follows where exposure began without a test, and closes what nobody did: missed, or blocked by a detected outage; each in a transaction of its own. */
    closeOverdue: async (scope: Scope, at: Date, signal: AbortSignal): Promise<void> => {
      const before = new Date(at.getTime() - ON_ITS_WAY_MS);
      let after: [string, string] = ['-infinity', NIL];
      for (;;) {
        const page = await work.read({ scope }, (reader) => overdue(reader, before, after, BATCH));
        for (const late of page) {
          signal.throwIfAborted();
          await work.write({ scope }, (tx) => closeOne(tx, scope, late));
        }
        const last = page.at(-1);
        if (page.length < BATCH || last === undefined) return;
        after = [last.missAt, last.id];
      }
    },
  };
};

export type RequirementsService = ReturnType<typeof createRequirements>;

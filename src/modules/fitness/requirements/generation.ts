import type { Tx } from '../../../platform/db/database.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { holdsWithout, missingTerms } from '../classification/missing.ts';
import type { FitnessPolicy, RequirementKind } from '../classification/policy.ts';
import type { PolicyFacts, PolicyOf, RosterFacts, ShiftFacts } from '../ports.ts';
import type { Draw } from './draw.ts';
import { keptSince, planTests, testBy } from './plan.ts';
import type { PlannedTest } from './plan.ts';
import { dueOfShift, firstAnswer, openBeforeShift, openFor, plannedFor } from './requirements.repository.ts';
import type { RequirementRow } from './requirements.repository.ts';

interface Place {
  readonly profileId: string;
  readonly shiftId: string | null;
  readonly shiftDate: string;
  readonly siteId: string | null;
  readonly projectId: string | null;
}

type Rule = FitnessPolicy['required'][number];

const iso = (at: number): string => new Date(at).toISOString();

const placeOf = ({ id, profileId, workDate, siteId, projectId }: ShiftFacts): Place => ({
  profileId,
  shiftId: id,
  shiftDate: workDate,
  siteId,
  projectId,
});

/** What a requirement keeps of the policy it is made by. */
export const termsOf = (policy: FitnessPolicy, kind: RequirementKind): RequirementRow['terms'] => ({
  ...policy.excuse,
  deviceSilentMinutes: policy.times.deviceSilentMinutes,
  missing: missingTerms(policy, kind),
});

/** Which kinds of missing tests hold the person. */
const heldBy =
  ({ policy, highRisk }: PolicyOf) =>
  (kind: RequirementKind): boolean =>
    holdsWithout(missingTerms(policy, kind), highRisk);

const NOTHING_YET = {
  lackingSince: null,
  resultId: null,
  level: null,
  attempts: 0,
  hadInvalid: false,
  doneAt: null,
  reason: null,
  excusedBy: null,
  excusedAt: null,
  reviewDrawn: false,
  reviewedBy: null,
  reviewedAt: null,
  blockedBecause: null,
  detected: null,
  assessedBy: null,
  assessedAt: null,
  assessedFit: null,
} as const;

export interface Cause {
  readonly profileId: string;
  readonly kind: 'for_cause' | 'post_incident';
  readonly shiftId: string | null;
  readonly triggerResultId: string | null;
}

interface GenerationDependencies {
  readonly requirements: Repository<RequirementRow>;
  readonly mover: Mover<RequirementRow>;
  readonly policies: PolicyFacts;
  readonly roster: Pick<RosterFacts, 'dayFor' | 'shiftAround' | 'shiftsById'>;
  readonly draw: Draw;
}

/** Makes requirements: with the roster, for an extension, for cause, after an incident. Making them twice makes them once. */
export const createGeneration = ({ requirements, mover, policies: rules, roster, draw }: GenerationDependencies) => {
  const make = (tx: Tx, place: Place, test: PlannedTest, policy: PolicyOf, triggerResultId: string | null = null) => {
    return requirements.insert(tx, {
      ...NOTHING_YET,
      ...place,
      kind: test.kind,
      definitionCode: test.test,
      windowFrom: iso(test.windowFrom),
      dueAt: iso(test.dueAt),
      graceUntil: iso(test.graceUntil),
      missAt: iso(test.missAt),
      status: 'due',
      highRisk: policy.highRisk,
      policyId: policy.policyId,
      terms: termsOf(policy.policy, test.kind),
      triggerResultId,
    });
  };

  const forShifts = async (tx: Tx, shifts: readonly ShiftFacts[]): Promise<number> => {
    const live = shifts.filter(({ status, kind }) => status !== 'cancelled' && kind !== 'travel');
    const policies = await rules.policiesOf(tx, [...new Set(live.map(({ profileId }) => profileId))]);
    const known = await plannedFor(
      tx,
      live.map(({ id }) => id),
    );
    let made = 0;
    for (const shift of live) {
      const policy = policies.get(shift.profileId);
      if (policy === undefined) continue;
      const isHeld = heldBy(policy);
      for (const test of planTests(shift, policy.policy, { isHeld, companyId: tx.companyId, draw })) {
        if (known.has(`${shift.id} ${test.kind} ${test.test}`)) continue;
        await make(tx, placeOf(shift), test, policy);
        made += 1;
      }
    }
    return made;
  };

  /** A test that is due soon, outside the roster's plan. */
  const soon = (rule: Rule, now: number, shift: ShiftFacts | undefined, held: PolicyOf): PlannedTest => {
    const dueAt = now + rule.windowMinutes * 60_000;
    const endsAt = shift === undefined ? now + held.policy.times.exposureHours * 3_600_000 : Date.parse(shift.endsAt);
    return { ...testBy(rule, { dueAt, endsAt, isHeld: heldBy(held)(rule.kind) }), windowFrom: now - 1 };
  };

  return {
    forShifts,

    /** As `forShifts`, by the shifts' ids: what the roster calls when it has made them. */
    forShiftIds: async (tx: Tx, ids: readonly string[]): Promise<void> => {
      await forShifts(tx, await roster.shiftsById(tx, ids));
    },

    /** An extension was approved: where the policy asks for a test before it, it is due as the shift would have ended. */
    forExtension: async (tx: Tx, shiftId: string, from: Date): Promise<void> => {
      const [shift] = await roster.shiftsById(tx, [shiftId]);
      if (shift === undefined) return;
      const known = await plannedFor(tx, [shiftId]);
      const policy = await rules.policyOf(tx, shift.profileId);
      for (const rule of policy.policy.required) {
        if (rule.kind !== 'extension' || known.has(`${shiftId} extension ${rule.test}`)) continue;
        const test = testBy(rule, {
          dueAt: from.getTime(),
          endsAt: Date.parse(shift.endsAt),
          isHeld: heldBy(policy)('extension'),
        });
        await make(tx, placeOf(shift), test, policy);
      }
    },

    /**
     * A test for cause, or after an incident; the first of the policy's rules for it, else its first test, now. One that the
     * person has to take still serves for a further cause, by a test that is taken after it. The profile must be locked.
     */
    forCause: async (tx: Tx, { profileId, kind, shiftId, triggerResultId }: Cause): Promise<RequirementRow> => {
      const open = await openFor(tx, { profileId, kind });
      if (open !== undefined)
        return requirements.update(tx, await requirements.lock(tx, open), { windowFrom: iso(tx.now.getTime() - 1) });
      const at = tx.now.toISOString();
      const policy = await rules.policyOf(tx, profileId);
      const shift =
        shiftId === null ? await roster.shiftAround(tx, profileId, at) : (await roster.shiftsById(tx, [shiftId]))[0];
      const { required, protocols, forCauseMinutes } = policy.policy;
      const rule: Rule = required.find((one) => one.kind === kind) ?? {
        kind,
        test: required[0]?.test ?? protocols[0] ?? 'PVT-B',
        windowMinutes: forCauseMinutes,
        graceMinutes: 0,
      };
      const { day: shiftDate, siteId } = await roster.dayFor(tx, profileId, at);
      const place =
        shift === undefined ? { profileId, shiftId: null, shiftDate, siteId, projectId: null } : placeOf(shift);
      return make(tx, place, soon(rule, tx.now.getTime(), shift, policy), policy, triggerResultId);
    },

    /** The shift began: its tests before exposure were due at that instant, and what was taken before it, not too long, was in time. */
    shiftStarted: async (tx: Tx, shiftId: string, at: Date): Promise<void> => {
      for (const id of await openBeforeShift(tx, shiftId)) {
        const row = await requirements.lock(tx, id);
        const moved = at.getTime() - Date.parse(row.dueAt);
        const shifted = (instant: string) => iso(Date.parse(instant) + moved);
        const graceUntil = shifted(row.graceUntil);
        const dueAt = at.toISOString();
        const planned = { windowFrom: Date.parse(row.windowFrom), dueAt: Date.parse(row.dueAt) };
        const since = keptSince(planned, at.getTime());
        if (row.status === 'due') {
          const missAt = holdsWithout(row.terms.missing, row.highRisk) ? graceUntil : row.missAt;
          const windowFrom = iso(Math.min(since, at.getTime() - 1));
          await requirements.update(tx, row, { windowFrom, dueAt, graceUntil, missAt });
          continue;
        }
        const answer = await firstAnswer(tx, id);
        if (answer === undefined) continue;
        const answeredAt = Date.parse(answer.at);
        if (since <= answeredAt && answeredAt <= Date.parse(graceUntil))
          await mover.moveAs(tx, tx, row, 'meet', { ...answer, dueAt, graceUntil });
      }
    },

    /** The shift was cancelled: nothing is required of it any more. */
    shiftCancelled: async (tx: Tx, shiftId: string): Promise<void> => {
      for (const id of await dueOfShift(tx, shiftId)) await requirements.remove(tx, await requirements.lock(tx, id));
    },
  };
};

export type Generation = ReturnType<typeof createGeneration>;

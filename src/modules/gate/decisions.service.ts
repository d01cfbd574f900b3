import type { Tx } from '../../platform/db/database.ts';
import type { List, ListQuery, Restriction } from '../../platform/db/list.ts';
import type { Repository } from '../../platform/db/repository.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import type { Context } from '../../platform/http/context.ts';
import { conflict, forbidden, invalid, notFound, Problem } from '../../platform/problem.ts';
import type { reaches, visibleProfiles } from '../organization/reach.ts';
import { latestRules, overridesById, unknownIn } from './gate.repository.ts';
import type { GateDecisionRow, GateOverrideRow, GateRuleSetRow } from './gate.repository.ts';
import { asOverride, rulesOf } from './gate.service.ts';
import type { GateService } from './gate.service.ts';
import { FORBIDDING, overrideProblems } from './override.ts';
import type { OverrideProblem } from './override.ts';
import type { GateQuestion } from './ports.ts';
import { replayDecision } from './replay.ts';
import type { Replay } from './replay.ts';
import { DEFAULT_GATE_RULES } from './rules.ts';
import type { GateRules } from './rules.ts';

interface DecisionsDependencies {
  readonly gate: GateService;
  readonly work: UnitOfWork;
  readonly list: List;
  readonly decisions: Repository<GateDecisionRow>;
  readonly overrides: Repository<GateOverrideRow>;
  readonly ruleSets: Repository<GateRuleSetRow>;
  readonly audience: (tx: Tx, profileId: string) => Promise<readonly string[]>;
  readonly visible: typeof visibleProfiles;
  readonly reaches: typeof reaches;
}

/** What a caller asks; `at` is now where it is left out. */
export interface AskBody {
  readonly profileId: string;
  readonly purpose: GateQuestion['purpose'];
  readonly at?: string;
  readonly assignmentId?: string;
  readonly shiftId?: string;
  readonly siteId?: string;
  readonly taskKindIds?: readonly string[];
  readonly equipmentKindIds?: readonly string[];
}

export interface OverrideBody {
  readonly reasonKeys: readonly string[];
  readonly startsAt?: string;
  readonly endsAt: string;
  readonly reason: string;
}

const refusal: Readonly<Record<OverrideProblem, () => Problem>> = {
  OVERRIDE_OWN: () => forbidden('OVERRIDE_OWN'),
  OVERRIDE_RED_UNDECIDED: () => conflict('OVERRIDE_RED_UNDECIDED'),
  OVERRIDE_FACTS_UNAVAILABLE: () => conflict('OVERRIDE_FACTS_UNAVAILABLE'),
  OVERRIDE_HOLD_UNTIL_RETURN: () => conflict('OVERRIDE_HOLD_UNTIL_RETURN'),
  OVERRIDE_NOTHING: () => conflict('OVERRIDE_NOTHING'),
  OVERRIDE_UNKNOWN_REASON: () => invalid('/reasonKeys', 'OVERRIDE_UNKNOWN_REASON'),
  OVERRIDE_PERIOD: () => invalid('/endsAt', 'OVERRIDE_PERIOD'),
  OVERRIDE_NO_REASON: () => invalid('/reason', 'OVERRIDE_NO_REASON'),
};

/** Asking the gate, its stored decisions, overrides, replay, and the rules of a company. */
export const createDecisions = (dependencies: DecisionsDependencies) => {
  const { gate, work, list, decisions, overrides, ruleSets, audience, visible } = dependencies;
  const restrict =
    (context: Context): Restriction =>
    (bind) =>
      visible(context, 'd.profile_id', bind);

  /** 404 for a profile beyond the caller's reach, the same as for one that does not exist. */
  const mustReach = async (tx: Tx, context: Context, profileId: string): Promise<void> => {
    if (!(await dependencies.reaches(tx, context, profileId))) throw notFound();
  };

  const seen = async (tx: Tx, context: Context, id: string): Promise<GateDecisionRow> => {
    if ((await list.one(tx, id, restrict(context))) === undefined) throw notFound();
    return decisions.get(tx, id);
  };

  /** The stored decision, and what stands now: a red that came since forbids any override, as do facts that are not to be had. */
  const problemsOf = async (
    tx: Tx,
    row: GateDecisionRow,
    override: ReturnType<typeof asOverride>,
    rules: GateRules,
  ) => {
    const stored = { outcome: row.outcome, reasons: row.reasons, ruleVersion: row.ruleVersion };
    const [present] = await gate.look(tx, [{ ...row.question, at: tx.now.toISOString() }]);
    const since = ((present?.reasons ?? []) as typeof row.reasons).filter(({ code }) => FORBIDDING.includes(code));
    return overrideProblems({ ...stored, reasons: [...stored.reasons, ...since] }, override, row.profileId, rules);
  };

  return {
    ask: (context: Context, body: AskBody) =>
      work.write(context, async (tx) => {
        await mustReach(tx, context, body.profileId);
        const {
          at = tx.now.toISOString(),
          assignmentId = null,
          shiftId = null,
          siteId = null,
          taskKindIds = [],
          equipmentKindIds = [],
        } = body;
        const unknown = await unknownIn(tx, { taskKindIds, equipmentKindIds });
        if (unknown !== undefined) throw invalid(`/${unknown}`, 'UNKNOWN_REFERENCE');
        const { profileId, purpose } = body;
        const question = {
          profileId,
          purpose,
          at: new Date(at).toISOString(),
          assignmentId,
          shiftId,
          siteId,
          taskKindIds,
          equipmentKindIds,
        };
        return decisions.entity.show(await gate.record(tx, question)) as GateDecisionRow;
      }),

    page: (context: Context, query: ListQuery & object) =>
      work.read(context, (reader) => list.page(reader, query, restrict(context))),

    detail: async (context: Context, id: string) => {
      const found = await work.read(context, (reader) => list.one(reader, id, restrict(context)));
      if (found === undefined) throw notFound();
      return found;
    },

    override: (context: Context, decisionId: string, body: OverrideBody) =>
      work.write(context, async (tx) => {
        const row = await seen(tx, context, decisionId);
        const { profileId: givenBy } = context.principal;
        if (givenBy === null) throw forbidden('PROFILE_NEEDED');
        const { purpose, profileId, assignmentId } = row;
        const startsAt = new Date(body.startsAt ?? tx.now).toISOString();
        const endsAt = new Date(body.endsAt).toISOString();
        if (startsAt < tx.now.toISOString()) throw invalid('/startsAt', 'OVERRIDE_PERIOD');
        const { reason } = body;
        const reasonKeys = [...body.reasonKeys];
        const values = { decisionId, profileId, givenBy, purpose, assignmentId, reasonKeys, startsAt, endsAt, reason };
        const candidate = asOverride(values);
        const [problem] = await problemsOf(tx, row, candidate, rulesOf(await gate.rulesFor(tx)));
        if (problem !== undefined) throw refusal[problem]();
        const note = { action: 'give', reason, audience: await audience(tx, profileId) };
        return overrides.entity.show(await overrides.insert(tx, values, note)) as GateOverrideRow;
      }),

    /** Decides anew from the recorded facts, rules and overrides, and compares. */
    replay: (context: Context, id: string): Promise<Replay> =>
      work.read(context, async (reader) => {
        if ((await list.one(reader, id, restrict(context))) === undefined) throw notFound();
        const row = await decisions.get(reader, id);
        const rules = await ruleSets.get(reader, row.ruleSetId);
        const given = await overridesById(reader, row.overrideIds);
        return replayDecision(row, rulesOf(rules), given.map(asOverride));
      }),

    rules: async (context: Context): Promise<GateRules> => {
      const row = await work.read(context, latestRules);
      return row === undefined ? DEFAULT_GATE_RULES : rulesOf(row);
    },

    /** A new version of the rules; the ones before stay, for the decisions that rest on them. */
    setRules: (context: Context, body: Pick<GateRules, 'hours' | 'maximumOverrideMinutes'>, version: number) =>
      work.write(context, async (tx) => {
        await gate.lockRules(tx);
        const current = await gate.rulesFor(tx);
        if (current.number !== version)
          throw new Problem(412, 'VERSION_MISMATCH', { extra: { version: current.number } });
        return rulesOf(await ruleSets.insert(tx, { ...body, number: version + 1 }, { action: 'set' }));
      }),
  };
};

export type DecisionsService = ReturnType<typeof createDecisions>;

import { v7 as uuidv7 } from 'uuid';
import { Refusal } from '../../platform/db/database.ts';
import type { Reader, Tx } from '../../platform/db/database.ts';
import type { Repository } from '../../platform/db/repository.ts';
import type { InsertOf } from '../../platform/schema/entity.ts';
import { conflict, notFound } from '../../platform/problem.ts';
import type { CollectFacts, Collected } from './collect.ts';
import { decide } from './decide.ts';
import { latestRules, overridesInForce } from './gate.repository.ts';
import type { GateDecisionRow, GateOverrideRow, GateRuleSetRow } from './gate.repository.ts';
import { outcomeUnder } from './override.ts';
import type { GateOverride } from './override.ts';
import type { Gate, GateQuestion, GateVerdict } from './ports.ts';
import type { GateDecision, Outcome } from './reasons.ts';
import { DEFAULT_GATE_RULES } from './rules.ts';
import type { GateRules } from './rules.ts';

interface GateDependencies {
  readonly collect: CollectFacts;
  readonly decisions: Repository<GateDecisionRow>;
  readonly ruleSets: Repository<GateRuleSetRow>;
  /** Profiles whose streams are told of a decision about a person: their own, and their superiors'. */
  readonly audience: (reader: Reader, profileId: string) => Promise<readonly string[]>;
}

export const rulesOf = ({ number, hours, maximumOverrideMinutes }: GateRuleSetRow): GateRules => ({
  version: number,
  hours,
  maximumOverrideMinutes,
});

/** Whether an override was given for what is asked: the same person, kind of work and assignment. */
const isAbout = (override: GateOverrideRow, question: GateQuestion): boolean =>
  override.profileId === question.profileId &&
  override.purpose === question.purpose &&
  override.assignmentId === question.assignmentId;

export const asOverride = ({
  givenBy,
  reasonKeys,
  startsAt,
  endsAt,
  reason,
}: InsertOf<GateOverrideRow>): GateOverride => ({
  by: givenBy,
  reasonKeys,
  from: new Date(startsAt),
  until: new Date(endsAt),
  reason,
});

interface Answer extends Collected {
  readonly decision: GateDecision;
  readonly effectiveOutcome: Outcome;
  readonly overrideIds: string[];
}

interface Recorded extends Answer {
  readonly ruleSetId: string;
}

const verdictOf = ({ question, decision, effectiveOutcome }: Answer, id: string | null): GateVerdict => ({
  id,
  profileId: question.profileId,
  ...decision,
  effectiveOutcome,
});

/** Refuses work: 409 with every reason, and the stored decision that an override may refer to. */
const blocked = ({ id, effectiveOutcome, reasons, ruleVersion }: GateVerdict) =>
  conflict('GATE_BLOCKED', { extra: { decisionId: id, outcome: effectiveOutcome, reasons, ruleVersion } });

/** The gate: one question, one answer, everywhere. See docs/glossary.md. */
export const createGate = ({ collect, decisions, ruleSets, audience }: GateDependencies) => {
  /** One at a time makes a new version of a company's rules. */
  const lockRules = async (tx: Tx): Promise<void> => {
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`gate_rule_set:${tx.companyId}`]);
  };

  /** The rules in force; a company that never set any gets the defaults as its first version, so that decisions replay. */
  const rulesFor = async (tx: Tx): Promise<GateRuleSetRow> => {
    const found = await latestRules(tx);
    if (found !== undefined) return found;
    await lockRules(tx);
    const { version: number, hours, maximumOverrideMinutes } = DEFAULT_GATE_RULES;
    const row = await latestRules(tx);
    return row ?? ruleSets.insert(tx, { number, hours, maximumOverrideMinutes });
  };

  const answer = async (reader: Reader, questions: readonly GateQuestion[], rules: GateRules): Promise<Answer[]> => {
    const collected = await collect(reader, questions, rules.hours);
    const first = collected[0];
    if (first === undefined) return [];
    const profiles = [...new Set(questions.map(({ profileId }) => profileId))];
    const overrides = await overridesInForce(reader, profiles, first.question.at);
    return collected.map(({ question, facts }) => {
      const decision = decide(facts, rules);
      const mine = overrides.filter((override) => isAbout(override, question));
      const effectiveOutcome = outcomeUnder(decision, mine.map(asOverride), new Date(question.at));
      return { question, facts, decision, effectiveOutcome, overrideIds: mine.map(({ id }) => id) };
    });
  };

  const store = async (tx: Tx, given: Recorded): Promise<GateDecisionRow> => {
    const { question, facts, decision, effectiveOutcome, overrideIds, ruleSetId } = given;
    const { profileId, purpose, at, assignmentId, shiftId } = question;
    const values: InsertOf<GateDecisionRow> = {
      id: uuidv7(),
      profileId,
      purpose,
      at,
      assignmentId,
      shiftId,
      effectiveOutcome,
      overrideIds,
      facts,
      outcome: decision.outcome,
      reasons: decision.reasons,
      ruleVersion: decision.ruleVersion,
      ruleSetId,
      question: {
        ...question,
        taskKindIds: [...question.taskKindIds],
        equipmentKindIds: [...question.equipmentKindIds],
      },
    };
    return decisions.insert(tx, values, { action: 'decide', audience: await audience(tx, profileId) });
  };

  const askOne = async (tx: Tx, question: GateQuestion): Promise<Recorded> => {
    const ruleSet = await rulesFor(tx);
    const [given] = await answer(tx, [question], rulesOf(ruleSet));
    if (given === undefined) throw notFound();
    return { ...given, ruleSetId: ruleSet.id };
  };

  /** What was decided in a transaction that was rolled back: the company's first rules may have gone with it. */
  const keepable = async (own: Tx, given: Recorded): Promise<Recorded> => {
    const { id } = (await ruleSets.find(own, given.ruleSetId)) ?? (await rulesFor(own));
    return { ...given, ruleSetId: id };
  };

  /** Decides and stores; the row as it was stored. */
  const record = async (tx: Tx, question: GateQuestion): Promise<GateDecisionRow> =>
    store(tx, await askOne(tx, question));

  const gate: Gate = {
    decide: async (tx, question) => {
      const given = await askOne(tx, question);
      const { id } = await store(tx, given);
      return verdictOf(given, id);
    },
    require: async (tx, question, prepare) => {
      await prepare?.(tx);
      const given = await askOne(tx, question);
      if (given.effectiveOutcome !== 'block') return verdictOf(given, (await store(tx, given)).id);
      throw new Refusal(async (own) => {
        await prepare?.(own);
        const kept = prepare === undefined ? await keepable(own, given) : await askOne(own, question);
        return blocked(verdictOf(kept, (await store(own, kept)).id));
      });
    },
    look: async (reader, questions) => {
      const row = await latestRules(reader);
      const rules = row === undefined ? DEFAULT_GATE_RULES : rulesOf(row);
      return (await answer(reader, questions, rules)).map((given) => verdictOf(given, null));
    },
  };
  return { ...gate, record, rulesFor, lockRules };
};

export type GateService = ReturnType<typeof createGate>;

import type { Reader } from '../../platform/db/database.ts';
import type { GateFacts, HourFacts } from './facts.ts';
import { hoursOf } from './hours.ts';
import type { FactName, FactProvider, GatePlace, GateQuestion, RawHours } from './ports.ts';
import { createFactReader } from './read-facts.ts';
import type { OnUnavailable } from './read-facts.ts';
import { limitsThatHold } from './rules.ts';
import type { HourLimits } from './rules.ts';

/** Every fact that a decision needs: one that nobody provides stops the application at start. */
const NEEDED = [
  'highRisk',
  'work',
  'equipment',
  'profile',
  'assignment',
  'project',
  'contract',
  'licenses',
  'holds',
  'restrictions',
  'requirements',
  'credentials',
  'leave',
  'hours',
  'policyLimits',
  'authorization',
] as const satisfies readonly FactName[];

export interface Collected {
  readonly facts: GateFacts;
  /** The question with what followed from it: the assignment of its shift. */
  readonly question: GateQuestion;
}

/** Collects the facts of many questions, in their order; those of a profile that is not there are left out. */
export type CollectFacts = (
  reader: Reader,
  questions: readonly GateQuestion[],
  limits: HourLimits,
) => Promise<Collected[]>;

const hourFacts = (
  { ahead, worked, declared }: RawHours,
  over: Pick<HourFacts, 'policy' | 'authorization'>,
  company: HourLimits,
): HourFacts => {
  const limits = limitsThatHold(company, over);
  const hours = hoursOf(
    {
      ...ahead,
      startsAt: new Date(ahead.startsAt),
      plannedAt: new Date(ahead.plannedAt),
      endsAt: new Date(ahead.endsAt),
    },
    worked.map((shift) => ({
      ...shift,
      startedAt: new Date(shift.startedAt),
      endedAt: shift.endedAt === null ? null : new Date(shift.endedAt),
    })),
    declared,
    { restMinutes: limits.minimumRestMinutes, handoverMinutes: limits.handoverMinutes },
  );
  return { ...hours, ...over };
};

/** Each fact has exactly one provider: throws at start, and says what is missing or twice. */
const mustBeWhole = (providers: readonly FactProvider[]): void => {
  const provided = new Set<string>();
  for (const { name, facts } of providers)
    for (const fact of Object.keys(facts)) {
      if (provided.has(fact)) throw new Error(`gate: ${name} provides ${fact}, which another area provides already`);
      provided.add(fact);
    }
  const missing = NEEDED.filter((fact) => !provided.has(fact));
  if (missing.length > 0) throw new Error(`gate: nobody provides ${missing.join(', ')}`);
};

/** Builds the read model of the gate's facts from what the areas provide. */
export const createCollector = (
  place: GatePlace,
  providers: readonly FactProvider[],
  onUnavailable: OnUnavailable,
): CollectFacts => {
  mustBeWhole(providers);
  const read = createFactReader(place, providers, onUnavailable);
  return async (reader, questions, limits) => {
    if (questions.length === 0) return [];
    return (await read(reader, questions)).map(({ n, date, facts, unavailable, ...where }) => {
      const question = { ...questions[n]!, ...where };
      const { hours, policyLimits: policy, authorization, ...provided } = facts;
      return {
        question,
        facts: {
          ...provided,
          at: question.at,
          date,
          purpose: question.purpose,
          unavailable,
          hours: hours === null ? null : hourFacts(hours, { policy, authorization }, limits),
        },
      };
    });
  };
};

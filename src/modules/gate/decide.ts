import { hourReasons } from './decide-hours.ts';
import type { GateFacts } from './facts.ts';
import { block, outcomeOf, restrict } from './reasons.ts';
import type { GateDecision, GateReason } from './reasons.ts';
import type { GateRules } from './rules.ts';

/** Raised with every change of these rules (see replay.ts); a decision's rule version is `gate-1.` and the version of the company's configuration. */
export const GATE_VERSION = 'gate-1';

/** Unreadable instants count as not reached, so that what they end goes on. */
const isReached = (instant: string, at: string): boolean => Date.parse(instant) <= Date.parse(at);

const isWithin = (date: string, { from, to }: { from: string; to: string | null }): boolean =>
  from <= date && (to === null || date <= to);

const orgReasons = (facts: GateFacts): GateReason[] => {
  const { at, date, profile, assignment, project, contract, purpose } = facts;
  const reasons = facts.unavailable.map(({ provider }) => block('FACTS_UNAVAILABLE', { provider }));
  const isUnknown = (fact: string) => facts.unavailable.some((one) => one.facts.includes(fact));
  if (profile.status !== 'active' && !isUnknown('profile'))
    reasons.push(block('PROFILE_NOT_ACTIVE', { status: profile.status }));
  if (profile.expiresAt !== null && !(Date.parse(profile.expiresAt) > Date.parse(at))) {
    reasons.push(block('PROFILE_EXPIRED', { until: profile.expiresAt }));
  }
  if (assignment === null) {
    const isNeeded = purpose === 'shift_start' || purpose === 'assignment';
    if (isNeeded && !isUnknown('assignment')) reasons.push(block('NO_ASSIGNMENT'));
  } else {
    const isBecoming = purpose === 'assignment' && ['draft', 'suspended'].includes(assignment.status);
    const isUsable = assignment.status === 'active' || isBecoming;
    if (!isUsable) reasons.push(block('ASSIGNMENT_NOT_ACTIVE', { status: assignment.status }));
    if (!isWithin(date, assignment)) reasons.push(block('ASSIGNMENT_DATES', { date }));
  }
  if (project !== null && project.status !== 'active') {
    reasons.push(block('PROJECT_NOT_ACTIVE', { status: project.status }));
  }
  if (contract !== null) {
    if (contract.status !== 'active') reasons.push(block('CONTRACT_NOT_ACTIVE', { status: contract.status }));
    if (!isWithin(date, contract)) reasons.push(block('CONTRACT_DATES', { date }));
  }
  for (const { offering, status } of facts.licenses) {
    if (status !== 'active') reasons.push(block('LICENSE_INACTIVE', { offering, status }));
  }
  for (const { id: leave, kind, from, to } of facts.leave) {
    if (isWithin(date, { from, to })) reasons.push(block('ON_LEAVE', { leave, kind, to }));
  }
  return reasons;
};

const holdReasons = ({ holds }: GateFacts): GateReason[] =>
  holds.map(({ caseId, level, decided, opening }) => {
    if (decided) return block('HOLD_UNTIL_RETURN', { caseId });
    return level === 'red' ? block('RED_UNDECIDED', { caseId }) : block('HOLD_UNDECIDED', { caseId, opening, level });
  });

/** Kinds that are due before the first exposure: work that starts now makes them due now, whatever was planned. */
const BEFORE_EXPOSURE = ['pre_shift', 'extension'];

type Requirement = GateFacts['requirements'][number];

interface Lack {
  readonly requirement: Requirement;
  readonly code: 'TEST_MISSING' | 'ASSESSMENT_MISSING' | 'TEST_IN_GRACE';
}

const lackIn = (requirement: Requirement, at: string): Lack['code'] | undefined => {
  const { kind, status, dueAt, graceUntil, assessed, answered } = requirement;
  if (status === 'missed') return 'TEST_MISSING';
  // An excuse settles the count; it tests nobody.
  if (status === 'excused') return answered ? undefined : 'TEST_MISSING';
  if (status === 'blocked') return assessed ? undefined : 'ASSESSMENT_MISSING';
  if (status !== 'due') return undefined;
  if (!BEFORE_EXPOSURE.includes(kind) && Date.parse(dueAt) > Date.parse(at)) return undefined;
  const isInGrace = graceUntil !== null && Date.parse(at) < Date.parse(graceUntil);
  return isInGrace ? 'TEST_IN_GRACE' : 'TEST_MISSING';
};

/** The tests that are not there. They count where exposure starts now, or goes on; planning ahead of time asks for none. */
const lacksOf = ({ at, purpose, requirements }: GateFacts): Lack[] => {
  if (purpose === 'assignment') return [];
  return requirements.flatMap((requirement) => {
    const code = lackIn(requirement, at);
    return code === undefined ? [] : [{ requirement, code }];
  });
};

const isHeld = ({ code, requirement }: Lack, highRisk: boolean): boolean =>
  code !== 'TEST_IN_GRACE' && requirement.lacking[highRisk ? 'highRisk' : 'other'] === 'hold';

const requirementReasons = (facts: GateFacts): GateReason[] =>
  lacksOf(facts).map((lack) => {
    const { id: requirement, kind, graceUntil } = lack.requirement;
    const about = { requirement, kind };
    if (lack.code === 'TEST_IN_GRACE') return restrict(lack.code, { ...about, until: graceUntil! });
    return isHeld(lack, facts.highRisk) ? block(lack.code, about) : restrict(lack.code, about);
  });

const standing = ({ restrictions, at }: GateFacts) =>
  restrictions.filter(({ until }) => until === null || !isReached(until, at));

/** Restrictions that stand, and those of tests without which the person would work. */
const forbiddenBy = (facts: GateFacts) => [
  ...standing(facts),
  ...lacksOf(facts).flatMap((lack) =>
    lack.code === 'TEST_IN_GRACE' || isHeld(lack, facts.highRisk)
      ? []
      : [{ source: lack.requirement.id, ...lack.requirement.restrictions }],
  ),
];

const RESTRICTIONS = [
  { forbidden: 'noDriving', work: 'driving', blocks: 'DRIVING_FORBIDDEN', restricts: 'NO_DRIVING' },
  { forbidden: 'noHeights', work: 'heights', blocks: 'HEIGHTS_FORBIDDEN', restricts: 'NO_HEIGHTS' },
  { forbidden: 'accompanied', work: 'alone', blocks: 'ALONE_FORBIDDEN', restricts: 'ACCOMPANIED' },
] as const;

/**
 * What stands restricts work, each thing once; work that needs what is forbidden it blocks, once for each source, so that an override
 * of one covers none that comes later. What a test brought, which no human has weighed yet, blocks work of a high-risk group whole.
 */
const restrictionReasons = (facts: GateFacts): GateReason[] => {
  const inForce = forbiddenBy(facts);
  const unweighed = facts.highRisk ? standing(facts).filter(({ decided }) => !decided) : [];
  const high = unweighed.map(({ source }) => block('HIGH_RISK_FORBIDDEN', { source }));
  const each = RESTRICTIONS.flatMap(({ forbidden, work, blocks, restricts }) => {
    const sources = new Set(inForce.filter((one) => one[forbidden]).map(({ source }) => source));
    if (facts.work[work]) return [...sources].map((source) => block(blocks, { source }));
    return sources.size > 0 ? [restrict(restricts)] : [];
  });
  return [...high, ...each];
};

const credentialReasons = ({ date, credentials }: GateFacts): GateReason[] =>
  credentials.flatMap(({ credential, requiredBy, equipment, status, from, to }) => {
    const about = { credential, requiredBy, ...(equipment !== null && { equipment }) };
    if (status === 'revoked') return [block('CREDENTIAL_REVOKED', about)];
    if (status === 'expired' || (status === 'valid' && to !== null && date > to)) {
      return [block('CREDENTIAL_EXPIRED', about)];
    }
    if (status === 'rejected') return [block('CREDENTIAL_MISSING', { ...about, status })];
    if (status !== 'valid') return [block('CREDENTIAL_MISSING', about)];
    return from !== null && date < from ? [block('CREDENTIAL_NOT_YET_VALID', { ...about, from })] : [];
  });

/**
 * May this person do this work, here, now? Total and deterministic: it looks at the facts and the rules only, so a stored decision replays
 * to the same answer from its recorded facts. A fact that could not be had blocks. The rules of fitness (which group's test is required,
 * what yellow restricts) come in as facts.
 */
export const decide = (facts: GateFacts, rules: GateRules): GateDecision => {
  const reasons = [
    ...orgReasons(facts),
    ...holdReasons(facts),
    ...restrictionReasons(facts),
    ...requirementReasons(facts),
    ...credentialReasons(facts),
    ...(facts.hours === null ? [] : hourReasons(facts.hours, rules.hours)),
  ];
  return {
    outcome: outcomeOf(reasons),
    reasons: [
      ...reasons.filter(({ severity }) => severity === 'block'),
      ...reasons.filter(({ severity }) => severity === 'restrict'),
    ],
    ruleVersion: `${GATE_VERSION}.${rules.version}`,
  };
};

export const OUTCOMES = ['allow', 'restrict', 'block'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const GATE_REASONS = [
  'FACTS_UNAVAILABLE',
  'PROFILE_NOT_ACTIVE',
  'PROFILE_EXPIRED',
  'NO_ASSIGNMENT',
  'ASSIGNMENT_NOT_ACTIVE',
  'ASSIGNMENT_DATES',
  'PROJECT_NOT_ACTIVE',
  'CONTRACT_NOT_ACTIVE',
  'CONTRACT_DATES',
  'LICENSE_INACTIVE',
  'RED_UNDECIDED',
  'HOLD_UNDECIDED',
  'HOLD_UNTIL_RETURN',
  'HIGH_RISK_FORBIDDEN',
  'DRIVING_FORBIDDEN',
  'HEIGHTS_FORBIDDEN',
  'ALONE_FORBIDDEN',
  'NO_DRIVING',
  'NO_HEIGHTS',
  'ACCOMPANIED',
  'TEST_MISSING',
  'TEST_IN_GRACE',
  'ASSESSMENT_MISSING',
  'CREDENTIAL_MISSING',
  'CREDENTIAL_NOT_YET_VALID',
  'CREDENTIAL_EXPIRED',
  'CREDENTIAL_REVOKED',
  'ON_LEAVE',
  'OPEN_SHIFT',
  'SHIFT_TOO_LONG',
  'REST_TOO_SHORT',
  'SEVEN_DAY_HOURS',
  'CONSECUTIVE_NIGHTS',
  'TRAVEL_AND_SHIFT',
  'HOURS_ELSEWHERE',
  'CALL_OUTS',
] as const;
export type GateReasonCode = (typeof GATE_REASONS)[number];

/** `params` fill the reason's text; `key` is the code with those that say what it is about, so that an override names exactly one thing. */
export interface GateReason {
  code: GateReasonCode;
  severity: 'restrict' | 'block';
  key: string;
  params: Record<string, string | number>;
}

export interface GateDecision {
  outcome: Outcome;
  /** Every reason, those that block first. */
  reasons: GateReason[];
  ruleVersion: string;
}

/** The outcome that reasons leave: block if any blocks, restrict if any is left, else allow. */
export const outcomeOf = (reasons: readonly GateReason[]): Outcome =>
  reasons.some(({ severity }) => severity === 'block') ? 'block' : reasons.length > 0 ? 'restrict' : 'allow';

/** Params that say what a reason is about; the others only measure it, and may have moved on when the decision is taken again. */
const IDENTITY = [
  'source',
  'caseId',
  'opening',
  'level',
  'requirement',
  'credential',
  'equipment',
  'offering',
  'provider',
  'leave',
  'shift',
  'status',
];

/** What a reason is about, the same when the decision is taken again: `CREDENTIAL_EXPIRED:altitude exam`. */
const keyOf = (code: GateReasonCode, params: GateReason['params']): string =>
  [code, ...IDENTITY.filter((name) => name in params).map((name) => params[name])].join(':');

export const block = (code: GateReasonCode, params: GateReason['params'] = {}): GateReason => ({
  code,
  severity: 'block',
  key: keyOf(code, params),
  params,
});

export const restrict = (code: GateReasonCode, params: GateReason['params'] = {}): GateReason => ({
  code,
  severity: 'restrict',
  key: keyOf(code, params),
  params,
});

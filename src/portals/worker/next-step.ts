export const NEXT_STEPS = [
  'WAIT_FOR_SUPERVISOR',
  'WAIT_FOR_REST_OR_DECISION',
  'REST',
  'TAKE_RETEST',
  'WAIT_FOR_DECISION',
  'WAIT_FOR_MANAGER',
  'WORK',
  'WORK_RESTRICTED',
  'DO_NOT_WORK',
  'RENEW_MEDICAL_FITNESS',
] as const;
export type NextStep = (typeof NEXT_STEPS)[number];

export interface CaseState {
  readonly status: string;
  readonly decision: string | null;
  readonly restUntil: string | null;
  readonly retestUntil: string | null;
}

const AFTER_DECISION: Readonly<Record<string, NextStep>> = {
  cleared: 'WORK',
  cleared_with_restrictions: 'WORK_RESTRICTED',
  reassigned: 'DO_NOT_WORK',
  sent_home: 'DO_NOT_WORK',
  referred: 'RENEW_MEDICAL_FITNESS',
};

const BEFORE_DECISION: Readonly<Record<string, NextStep>> = {
  open: 'WAIT_FOR_SUPERVISOR',
  acknowledged: 'WAIT_FOR_REST_OR_DECISION',
  resting: 'REST',
  awaiting_retest: 'TAKE_RETEST',
  retested: 'WAIT_FOR_DECISION',
  not_retested: 'WAIT_FOR_DECISION',
  lapsed: 'WAIT_FOR_MANAGER',
};

/** What happens next in a case, as the person whom it is about needs to know it; `until`: when that ends by itself. */
export const nextStep = (row: CaseState): { step: NextStep; until: string | null } => {
  const step = BEFORE_DECISION[row.status] ?? AFTER_DECISION[row.decision ?? ''] ?? 'WAIT_FOR_DECISION';
  const until = step === 'REST' ? row.restUntil : step === 'TAKE_RETEST' ? row.retestUntil : null;
  return { step, until };
};

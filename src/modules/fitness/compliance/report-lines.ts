import { day, exact, instant, line, nullable, oneOf, text, uuid } from '../../../platform/schema/types.ts';

/** What a count of compliance may be parted by. */
export const COMPLIANCE_GROUPS = ['total', 'day', 'month', 'project', 'site', 'shift'] as const;
export type ComplianceGroup = (typeof COMPLIANCE_GROUPS)[number];

export const BREACH_KINDS = ['undecided', 'late_result', 'missed_test', 'override'] as const;

/** One line of the breach report. */
export const BreachLine = exact({
  id: uuid(),
  kind: oneOf(BREACH_KINDS),
  at: instant(),
  profileId: uuid(),
  shiftDate: day(),
  shiftId: nullable(uuid()),
  siteId: nullable(uuid()),
  caseId: nullable(uuid()),
  resultId: nullable(uuid()),
  requirementId: nullable(uuid()),
  decisionId: nullable(uuid()),
  level: nullable(line(20)),
  reason: nullable(text(500)),
});

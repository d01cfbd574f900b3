import type { HourFacts } from './facts.ts';
import { block, restrict } from './reasons.ts';
import type { GateReason, GateReasonCode } from './reasons.ts';
import { limitsThatHold } from './rules.ts';
import type { HourLimits } from './rules.ts';

/** Minutes as hours with one decimal, as texts show them. */
const inHours = (minutes: number): number => Math.round(minutes / 6) / 10;

/** What the limits that hold say of the working time. */
export const hourReasons = (facts: HourFacts, company: HourLimits): GateReason[] => {
  const limits = limitsThatHold(company, facts);
  const { shift } = facts;
  const reasons: GateReason[] = [];
  const atMost = (code: GateReasonCode, minutes: number, limit: number) => {
    if (minutes > limit) reasons.push(block(code, { shift, hours: inHours(minutes), limit: inHours(limit) }));
  };
  const { shiftMinutes, restMinutes, travelMinutes, elsewhereDayMinutes } = facts;
  const longest = facts.extensionAuthorized
    ? Math.max(limits.maximumShiftMinutes, limits.extendedShiftMinutes)
    : limits.maximumShiftMinutes;
  const sevenDays = facts.sevenDayMinutes + facts.elsewhereSevenDayMinutes + shiftMinutes;
  const nights = facts.nightsBefore + 1;

  if (facts.openShift) reasons.push(block('OPEN_SHIFT', { shift }));
  atMost('SHIFT_TOO_LONG', shiftMinutes, longest);
  if (restMinutes !== null && restMinutes < limits.minimumRestMinutes) {
    const [hours, limit] = [restMinutes, limits.minimumRestMinutes].map(inHours) as [number, number];
    reasons.push(block('REST_TOO_SHORT', { shift, hours, limit }));
  }
  atMost('SEVEN_DAY_HOURS', sevenDays, limits.maximumSevenDayMinutes);
  if (facts.night && nights > limits.maximumNights) {
    reasons.push(block('CONSECUTIVE_NIGHTS', { shift, nights, limit: limits.maximumNights }));
  }
  if (travelMinutes > 0) atMost('TRAVEL_AND_SHIFT', travelMinutes + shiftMinutes, limits.maximumDutyMinutes);
  if (elsewhereDayMinutes > 0) atMost('HOURS_ELSEWHERE', elsewhereDayMinutes + shiftMinutes, limits.maximumDutyMinutes);
  if (facts.callOuts > limits.maximumCallOuts) {
    reasons.push(restrict('CALL_OUTS', { callOuts: facts.callOuts, limit: limits.maximumCallOuts }));
  }
  return reasons;
};

import type { Metrics } from '../../../platform/telemetry/metrics.ts';

/** Given to a carrier; refused for having been asked for too often; and what a try of a code came to: right, wrong, too late. */
const OUTCOMES = ['sent', 'too_often', 'verified', 'wrong', 'over'] as const;

/** Counts a one-time password in `angelis_otp_total`. */
export type CountOtp = (outcome: (typeof OUTCOMES)[number]) => void;

/** The figures of one-time passwords; they tell nothing of accounts. */
export const createOtpFigures = (metrics: Pick<Metrics, 'counter'>): CountOtp => {
  const otps = metrics.counter({
    name: 'otp_total',
    help: 'One-time passwords that were sent or refused, and tries of their codes',
    labels: ['outcome'],
  });
  for (const outcome of OUTCOMES) otps.inc({ outcome }, 0);
  return (outcome) => otps.inc({ outcome });
};

import { retention } from '../../../platform/privacy/retention.ts';

/** What a one-time password is for. */
export const OTP_PURPOSES = ['login', 'reset', 'verify_email', 'verify_phone', 'step_up'] as const;
export type OtpPurpose = (typeof OTP_PURPOSES)[number];
export type OtpChannel = 'email' | 'sms';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Ms that a code is good for, from when it was made; a ticket from when the code was verified. */
export const CODE_LIFE = 5 * MINUTE;
export const TICKET_LIFE = 10 * MINUTE;
/** After which nothing is left of a one-time password. */
export const CODES = retention({ of: 'otp', by: 'identity.otp.purge', ms: 14 * MINUTE });
export const MOST_TRIES = 5;

/** How many codes one account or address gets: the next after a minute, 5 an hour, 10 a day. */
const LIMITS = [
  { most: 1, within: MINUTE },
  { most: 5, within: HOUR },
  { most: 10, within: DAY },
] as const;
/** How often codes were asked for, for whom and from where. */
export const TALLIES = retention({ of: 'otp_tally', by: CODES.by, ms: DAY });

/** Seconds until one more code may be asked for, given when the last ones were, newest first; 0: now. */
export const waitFor = (asked: readonly Date[], now: Date): number => {
  const waits = LIMITS.map(({ most, within }) => {
    const limiting = asked[most - 1];
    return limiting === undefined ? 0 : limiting.getTime() + within - now.getTime();
  });
  return Math.max(0, Math.ceil(Math.max(...waits) / 1000));
};

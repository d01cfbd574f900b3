import { declarations } from './schema.ts';
import type { Settings } from './schema.ts';

/** Requests per window, for one caller. */
export interface Limit {
  readonly points: number;
  /** Window, in seconds. */
  readonly per: number;
}

/** The setting of each limit. */
const RATES = {
  anonymous: 'RATE_ANONYMOUS',
  principal: 'RATE_PRINCIPAL',
  company: 'RATE_COMPANY',
  signIn: 'RATE_SIGN_IN',
  /** Sessions of five minutes at a time: several hundred people behind one address ask for hundreds a minute. */
  refresh: 'RATE_REFRESH',
  otp: 'RATE_OTP',
  export: 'RATE_EXPORT',
  invitation: 'RATE_INVITATION',
  stream: 'RATE_STREAM',
  lookup: 'RATE_LOOKUP',
  /**
   * Apart from `anonymous`: one client that sends a dead token over and over must not take the sign-in from the office behind
   * its address. As much again as several hundred people there need who learn by 401 that their token of five minutes is
   * over; no guess comes nearer to a signature by five tries a second.
   */
  badToken: 'RATE_BAD_TOKEN',
} as const;

export type LimitName = keyof typeof RATES;
/** Anonymous requests, sign-ins, refreshes, codes and bad tokens count by address; the others by person or machine client, however many sessions they have. */
export type Limits = Readonly<Record<LimitName, Limit>>;
type RateSettings = Pick<Settings, (typeof RATES)[LimitName]>;

const names = Object.keys(RATES) as LimitName[];
const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600 };

const limitOf = (rate: string): Limit => {
  const [points = '', unit = ''] = rate.split('/');
  return { points: Number(points), per: SECONDS[unit] ?? 1 };
};

const limits = (rateOf: (name: LimitName) => string): Limits =>
  Object.fromEntries(names.map((name) => [name, limitOf(rateOf(name))])) as unknown as Limits;

/** The limits that the settings ask for. */
export const limitsOf = (settings: RateSettings): Limits => limits((name) => settings[RATES[name]]);

/** The limits where nothing is set. */
export const LIMITS: Limits = limits((name) => String(declarations.get(RATES[name])?.default));

/** Above so many times what is meant a limit is none. */
const MOST = 10;
/** Whether one limit lets more than `times` another through, over whatever time each counts. */
const exceeds = (one: Limit, other: Limit, times = 1): boolean =>
  one.points * other.per > times * other.points * one.per;

/** Limits that would not hold back whoever guesses or floods, one line each. */
export const rateFaults = (settings: RateSettings): string[] => {
  const asked = limitsOf(settings);
  const loose = names
    .filter((name) => exceeds(asked[name], LIMITS[name], MOST))
    .map((name) => {
      const [setting, meant] = [RATES[name], declarations.get(RATES[name])?.default];
      return `${setting} is ${settings[setting]}, more than ${MOST} times ${String(meant)}: whoever guesses or floods is not held back; set less`;
    });
  return exceeds(asked.principal, asked.company)
    ? [...loose, 'RATE_PRINCIPAL is above RATE_COMPANY: one person could use up what all of a company have; set less']
    : loose;
};

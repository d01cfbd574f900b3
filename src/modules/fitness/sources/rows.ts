import { readReaction, REACTION_PROTOCOLS } from '../classification/metrics.ts';
import type { SelfReport } from '../classification/signals.ts';
import type { IncomingTest } from '../intake/content.ts';
import { TO_HOURS, TO_MM, TO_MS } from './mapping.ts';
import type { Fit2000Mapping, SaferMapping } from './mapping.ts';
import type { RawRow } from './raw-row.ts';
import { contentHash, flagOf, instantOf, numberOf, requiredText, RowFault, textOf, wholeOf } from './values.ts';

/** Reads the rows of one source under its mapping. Throws RowFault for a row that is no result. */
export type RowReader = (row: RawRow, identity?: RowIdentity) => IncomingTest;

/** What names a row, also one that is no result: never throws. */
export interface RowIdentity {
  readonly externalId: string;
  readonly companyCode: string;
  readonly personCode: string;
  readonly contentHash: Buffer;
}

/** Codes are compared without blanks around them. */
export const identityOf = (row: RawRow): RowIdentity => ({
  externalId: textOf(row, 'id') ?? '',
  companyCode: textOf(row, 'company') ?? '',
  personCode: textOf(row, 'person') ?? '',
  contentHash: contentHash(row),
});

const flagsOf = (text: string | null): string[] => (text ?? '').split(/[,;|\s]+/).filter((flag) => flag !== '');

const scaled = (value: number | null, factor: number): number | null => (value === null ? null : value * factor);

/** Hours, out of the site's unit. Limits are the definition's. */
const hoursOf = (row: RawRow, name: string, factor: number, most: number): number | null => {
  const value = scaled(numberOf(row, name, 0, Number.MAX_VALUE), factor);
  if (value !== null && value > most) throw new RowFault('VALUE_OUT_OF_RANGE', name);
  return value;
};

const scaleTrials = (text: string, factor: number): unknown => {
  if (factor === 1) return text;
  try {
    const trials = JSON.parse(text) as unknown;
    return Array.isArray(trials)
      ? trials.map((trial: unknown) => (typeof trial === 'number' ? trial * factor : trial))
      : trials;
  } catch {
    throw new RowFault('TRIALS_NOT_JSON', 'trials');
  }
};

/** The result in a row of SaferApp: a reaction test, with what was asked beside it. */
export const saferRows =
  ({ units, codes }: SaferMapping): RowReader =>
  (row, identity = identityOf(row)) => {
    const protocol = codes.tests[requiredText(row, 'test', 'UNKNOWN_TEST')];
    if (protocol === undefined) throw new RowFault('UNKNOWN_TEST', 'test');
    const [startedAt, takenAt] = [instantOf(row, 'startedAt'), instantOf(row, 'finishedAt')];
    if (takenAt < startedAt) throw new RowFault('TIME_ORDER', 'finishedAt');
    const hours = TO_HOURS[units.sleep];
    const report: SelfReport = {
      kss: wholeOf(row, 'kss', 1, 9),
      sleep24h: hoursOf(row, 'sleep24h', hours, 24),
      sleep48h: hoursOf(row, 'sleep48h', hours, 48),
      awakeHours: hoursOf(row, 'awakeHours', hours, 120),
      symptoms: null,
    };
    const trials = scaleTrials(requiredText(row, 'trials', 'TRIALS_EMPTY'), TO_MS[units.trials]);
    const input = {
      trials,
      falseStarts: wholeOf(row, 'falseStarts', 0, 1_000) ?? 0,
      durationMs: takenAt.getTime() - startedAt.getTime() || null,
    };
    const reading = readReaction(input, REACTION_PROTOCOLS[protocol]);
    if (!reading.ok) throw new RowFault(reading.problem, 'trials');
    const flags = flagsOf(textOf(row, 'flags')).filter((flag) => !codes.ignoredFlags.includes(flag));
    const isTiming = (flag: string) => codes.timingFlags.includes(flag);
    return {
      source: 'SAFER',
      ...identity,
      definitionCode: protocol,
      startedAt,
      takenAt,
      deviceSerial: textOf(row, 'device'),
      qualityFlags: [...reading.qualityFlags, ...flags.filter((flag) => !isTiming(flag))],
      supervised: flagOf(row, 'supervised'),
      practice: flagOf(row, 'practice'),
      content: {
        kind: 'reaction',
        protocol,
        trials: (typeof trials === 'string' ? JSON.parse(trials) : trials) as (number | null)[],
        metrics: reading.metrics,
        timing: flags.some(isTiming) ? 'outside' : 'unknown',
        report: Object.values(report).every((answer) => answer === null) ? null : report,
      },
    };
  };

/** The result in a row of Fit2000: an ocular test. */
export const fit2000Rows =
  ({ units, codes }: Fit2000Mapping): RowReader =>
  (row, identity = identityOf(row)) => {
    const verdict = requiredText(row, 'risk', 'RISK_MISSING');
    const isHigh = codes.high.includes(verdict);
    if (!isHigh && !codes.low.includes(verdict)) throw new RowFault('RISK_UNKNOWN', 'risk');
    const length = (name: string) => scaled(numberOf(row, name, 0, 1_000_000), TO_MM[units.length]);
    const quality = wholeOf(row, 'quality', 0, 255);
    return {
      source: 'FIT2000',
      ...identity,
      definitionCode: 'OCULAR',
      startedAt: null,
      takenAt: instantOf(row, 'testedAt'),
      deviceSerial: textOf(row, 'device'),
      qualityFlags: quality !== null && quality < codes.minimumQuality ? ['LOW_QUALITY'] : [],
      supervised: true,
      practice: false,
      content: {
        kind: 'ocular',
        pupilDiameter: length('pupilDiameter'),
        constrictionAmplitude: length('constrictionAmplitude'),
        constrictionLatency: scaled(numberOf(row, 'constrictionLatency', 0, 1_000_000_000), TO_MS[units.latency]),
        saccadicVelocity: length('saccadicVelocity'),
        risk: isHigh ? 'HIGH' : 'LOW',
        index: numberOf(row, 'index', -1_000_000, 1_000_000),
        quality,
      },
    };
  };

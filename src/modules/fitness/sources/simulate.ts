import { v4 as randomId } from 'uuid';
import type { Fit2000Row, SaferRow } from './feeder.ts';

export const SIMULATED_KINDS = [
  'green',
  'yellow',
  'orange',
  'red',
  'invalid',
  'duplicate',
  'unknown',
  'late',
  'skewed',
] as const;
export type SimulatedKind = (typeof SIMULATED_KINDS)[number];

/** What can come of one ocular reading: alone it is at most yellow. */
export const OCULAR_KINDS = ['green', 'yellow', 'invalid', 'duplicate', 'unknown', 'late', 'skewed'] as const;
export type OcularKind = (typeof OCULAR_KINDS)[number];
export const isOcularKind = (kind: SimulatedKind): kind is OcularKind =>
  (OCULAR_KINDS as readonly SimulatedKind[]).includes(kind);

/** Whose test is simulated, on which device, and when it ends. */
export interface Simulated {
  readonly companyCode: string;
  readonly personCode: string;
  readonly deviceSerial: string | null;
  readonly at: Date;
}

const MINUTE = 60_000;
const PVT_B_MS = 3 * MINUTE;
const TRIALS = 60;

/** Mean response time, in ms, that is within everybody's own limits: faster than people are. */
const FAST = 200;

/** Response times around `mean` ms that spread by a fifth and are never the same list twice. */
const responses = (mean: number): number[] =>
  Array.from({ length: TRIALS }, () => Math.round(mean * (0.9 + 0.2 * Math.random())));

const baseRow = ({ companyCode, personCode, deviceSerial, at }: Simulated): SaferRow => ({
  companyCode,
  personCode,
  testCode: 'PVT-B',
  deviceSerial,
  startedAt: new Date(at.getTime() - PVT_B_MS),
  finishedAt: at,
  supervised: true,
  practice: false,
  falseStarts: 0,
  trials: responses(FAST),
  flags: null,
  kss: 3,
  sleep24h: 7.5,
  sleep48h: 15,
  awakeHours: 2,
});

const shifted = (who: Simulated, minutes: number): Simulated => ({
  ...who,
  at: new Date(who.at.getTime() + minutes * MINUTE),
});

/** Half of the minimum standard's speed: red whatever the policy and the baseline. */
const slow = () => ({ trials: responses(800) });

const ROWS: Readonly<Record<SimulatedKind, (who: Simulated) => SaferRow[]>> = {
  green: (who) => [baseRow(who)],
  yellow: (who) => [{ ...baseRow(who), kss: 8 }],
  orange: (who) => [{ ...baseRow(who), sleep24h: 3.5 }],
  red: (who) => [{ ...baseRow(who), ...slow() }],
  invalid: (who) => [{ ...baseRow(who), flags: 'ABORTED' }],
  duplicate: (who) => {
    const row = baseRow(who);
    return [row, row];
  },
  unknown: (who) => [{ ...baseRow(who), personCode: `nobody-${randomId()}` }],
  late: (who) => [{ ...baseRow(shifted(who, -90)), ...slow() }],
  skewed: (who) => [{ ...baseRow(shifted(who, 20)), ...slow() }],
};

/** The rows of SaferApp that make each kind: levels of the default policy, `late` and `skewed` reds among them. */
export const simulatedRows = (kind: SimulatedKind, who: Simulated): SaferRow[] => ROWS[kind](who);

/** A reading of rested eyes, by the vendor's own verdict; no two are the same, as no two lists of response times are. */
const baseReading = ({ companyCode, personCode, deviceSerial, at }: Simulated): Fit2000Row => ({
  companyCode,
  subjectCode: personCode,
  deviceSerial,
  testedAt: at,
  pupilDiameter: 4.6,
  constrictionAmplitude: 1.1,
  constrictionLatency: 298,
  saccadicVelocity: Math.round(7_000 + 500 * Math.random()) / 100,
  risk: 'LOW',
  quality: 95,
});

const highReading = (who: Simulated): Fit2000Row => ({ ...baseReading(who), risk: 'HIGH' });

const READINGS: Readonly<Record<OcularKind, (who: Simulated) => Fit2000Row[]>> = {
  green: (who) => [baseReading(who)],
  yellow: (who) => [highReading(who)],
  invalid: (who) => [{ ...baseReading(who), quality: 0 }],
  duplicate: (who) => {
    const row = baseReading(who);
    return [row, row];
  },
  unknown: (who) => [{ ...baseReading(who), subjectCode: `nobody-${randomId()}` }],
  late: (who) => [highReading(shifted(who, -90))],
  skewed: (who) => [highReading(shifted(who, 20))],
};

/** The rows of Fit2000 that make each kind, `late` and `skewed` readings HIGH. */
export const simulatedReadings = (kind: OcularKind, who: Simulated): Fit2000Row[] => READINGS[kind](who);

import Type from 'typebox';
import type { Static, TSchema } from 'typebox';
import { exact, integer, nullable, oneOf } from '../../../platform/schema/types.ts';
import type { Validator } from '../../../platform/schema/validator.ts';

const name = (description: string) => Type.String({ minLength: 1, maxLength: 128, description });
const column = (description: string) => name(description);
/** A column that some sites do not have: null leaves its value unknown. */
const optional = (description: string) => nullable(name(description));

const TIME_UNITS = ['ms', 's', 'us'] as const;
const SPAN_UNITS = ['h', 'min'] as const;
const LENGTH_UNITS = ['mm', 'um'] as const;
/** Factors to milliseconds, hours, millimeters. */
export const TO_MS = { ms: 1, s: 1_000, us: 0.001 } as const;
export const TO_HOURS = { h: 1, min: 1 / 60 } as const;
export const TO_MM = { mm: 1, um: 0.001 } as const;

const place = {
  table: Type.String({ pattern: '^[^.]+(\\.[^.]+)?$', maxLength: 257, description: 'Table, with its schema if any' }),
  overlap: exact({
    ids: integer(0, 100_000, { description: 'How many ids are read again each time' }),
    minutes: integer(0, 1_440, {
      description:
        'Rows become visible at most so long after they were given their id: ids of this time are read again each time',
    }),
    reconcileHours: integer(1, 720, {
      description: 'How far back the nightly search for rows that came even later goes',
    }),
  }),
};

export type Overlap = SaferMapping['overlap'];

export const SaferMappingSchema = exact({
  ...place,
  columns: exact({
    id: column('Ascending whole number, the key'),
    company: column('Code of the company'),
    person: column('Code of the person'),
    test: column('Code of the test'),
    device: optional('Serial of the device'),
    startedAt: column('Start, UTC'),
    finishedAt: column('End, UTC'),
    supervised: optional('Whether it was supervised'),
    practice: optional('Whether it was for practice'),
    falseStarts: column('False starts outside the trials'),
    trials: column('JSON list of response times'),
    flags: optional('Quality flags of the device'),
    kss: optional('Karolinska sleepiness'),
    sleep24h: optional('Sleep in the last 24 h'),
    sleep48h: optional('Sleep in the last 48 h'),
    awakeHours: optional('Time awake'),
  }),
  units: exact({ trials: oneOf(TIME_UNITS), sleep: oneOf(SPAN_UNITS) }),
  codes: exact({
    tests: Type.Record(Type.String({ minLength: 1 }), oneOf(['PVT-B', 'PVT-10']), {
      description: 'Their code of a test: the code of its definition',
    }),
    timingFlags: Type.Array(Type.String({ minLength: 1 }), {
      maxItems: 20,
      description: 'Flags that say that the timing was off',
    }),
    ignoredFlags: Type.Array(Type.String({ minLength: 1 }), {
      maxItems: 50,
      description: 'Flags that say nothing about the quality',
    }),
  }),
});
export type SaferMapping = Static<typeof SaferMappingSchema>;

export const Fit2000MappingSchema = exact({
  ...place,
  columns: exact({
    id: column('Ascending whole number, the key'),
    company: column('Code of the company'),
    person: column('Code of the person'),
    device: optional('Serial of the device'),
    testedAt: column('Instant, UTC'),
    pupilDiameter: optional('Diameter of the pupil'),
    constrictionAmplitude: optional('Amplitude of its constriction'),
    constrictionLatency: optional('Latency of its constriction'),
    saccadicVelocity: optional('Velocity of the saccade, length unit per second'),
    risk: column('The vendor’s verdict'),
    index: optional('The vendor’s index'),
    quality: optional('Quality of the reading'),
  }),
  units: exact({ length: oneOf(LENGTH_UNITS), latency: oneOf(TIME_UNITS) }),
  codes: exact({
    high: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 20 }),
    low: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 20 }),
    minimumQuality: integer(0, 255, { description: 'Below this a reading is invalid' }),
  }),
});
export type Fit2000Mapping = Static<typeof Fit2000MappingSchema>;

const DEFAULT_OVERLAP = { ids: 1_000, minutes: 30, reconcileHours: 72 };

/** SaferApp on SQL Server as it is delivered. */
export const DEFAULT_SAFER_MAPPING: SaferMapping = {
  table: 'dbo.TestResults',
  overlap: DEFAULT_OVERLAP,
  columns: {
    id: 'Id',
    company: 'CompanyCode',
    person: 'PersonCode',
    test: 'TestCode',
    device: 'DeviceSerial',
    startedAt: 'StartedAtUtc',
    finishedAt: 'FinishedAtUtc',
    supervised: 'Supervised',
    practice: 'Practice',
    falseStarts: 'FalseStarts',
    trials: 'TrialsMs',
    flags: 'Flags',
    kss: 'Kss',
    sleep24h: 'Sleep24h',
    sleep48h: 'Sleep48h',
    awakeHours: 'AwakeHours',
  },
  units: { trials: 'ms', sleep: 'h' },
  codes: { tests: { 'PVT-B': 'PVT-B', 'PVT-10': 'PVT-10' }, timingFlags: ['TIMING'], ignoredFlags: [] },
};

/** Fit2000 on MySQL as it is delivered. */
export const DEFAULT_FIT2000_MAPPING: Fit2000Mapping = {
  table: 'fit_tests',
  overlap: DEFAULT_OVERLAP,
  columns: {
    id: 'id',
    company: 'company_code',
    person: 'subject_code',
    device: 'device_serial',
    testedAt: 'tested_at',
    pupilDiameter: 'pupil_diameter_mm',
    constrictionAmplitude: 'constriction_amplitude_mm',
    constrictionLatency: 'constriction_latency_ms',
    saccadicVelocity: 'saccadic_velocity_mm_s',
    risk: 'risk',
    index: null,
    quality: 'quality',
  },
  units: { length: 'mm', latency: 'ms' },
  codes: { high: ['HIGH'], low: ['LOW'], minimumQuality: 1 },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `given` over `base`; members of objects one by one, save the codes of tests, which replace the default as a whole. */
const over = (base: Record<string, unknown>, given: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(given)])].map((key) => {
      const [was, is] = [base[key], given[key]];
      if (is === undefined) return [key, was];
      return [key, key !== 'tests' && isObject(was) && isObject(is) ? over(was, is) : is];
    }),
  );

/**
 * The mapping that a setting describes: JSON of what differs from the default. Throws an Error that names every fault and
 * the setting.
 */
const readMapping = <M extends object>(
  setting: string,
  text: string | undefined,
  base: M,
  schema: TSchema,
  validator: Pick<Validator, 'compile'>,
): M => {
  if (text === undefined) return base;
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${setting} is no JSON: write an object with what differs from the default`, { cause });
  }
  if (!isObject(given)) throw new Error(`${setting} must be a JSON object with what differs from the default`);
  const mapping = over(base as Record<string, unknown>, given);
  const faults = validator.compile(schema)(mapping);
  if (faults.length === 0) return mapping as M;
  throw new Error(
    `${setting} does not fit: ${faults.map(({ pointer, code }) => `${pointer || '/'} (${code})`).join(', ')}`,
  );
};

/** Where SaferApp's rows lie, from setting SAFER_MAPPING. */
export const readSaferMapping = (text: string | undefined, validator: Pick<Validator, 'compile'>): SaferMapping =>
  readMapping('SAFER_MAPPING', text, DEFAULT_SAFER_MAPPING, SaferMappingSchema, validator);

/** Where Fit2000's rows lie, from setting FIT2000_MAPPING. */
export const readFit2000Mapping = (text: string | undefined, validator: Pick<Validator, 'compile'>): Fit2000Mapping =>
  readMapping('FIT2000_MAPPING', text, DEFAULT_FIT2000_MAPPING, Fit2000MappingSchema, validator);

import Type from 'typebox';
import type { TSchema } from 'typebox';
import { exact, integer, nullable, oneOf } from '../../../platform/schema/types.ts';
import { REACTION_PROTOCOLS } from '../classification/metrics.ts';

export const TEST_SOURCES = ['SAFER', 'FIT2000', 'CHECKLIST', 'SELF_REPORT', 'MANUAL', 'SIGNAL'] as const;
export type TestSource = (typeof TEST_SOURCES)[number];

/** What can be taken: a reaction test, an ocular one, what a person says, what others see. */
export interface TestDefinition {
  readonly code: string;
  readonly version: number;
  readonly source: TestSource;
  readonly protocol: string;
  readonly durationMs: number | null;
  /** Schema of the raw metrics, as they are sealed. */
  readonly metrics: TSchema;
  /** How far a device's measured latency may be off, in ms. */
  readonly tolerance: { readonly biasMs: number; readonly sdMs: number };
}

const hours = (maximum: number, description: string) => nullable(Type.Number({ minimum: 0, maximum, description }));
const positive = (maximum: number, description: string) => nullable(Type.Number({ minimum: 0, maximum, description }));

/** What a person says of their sleep and state; null where a question was not answered. */
export const SELF_REPORT_METRICS = {
  kss: nullable(integer(1, 9, { description: 'Karolinska sleepiness scale' })),
  sleep24h: hours(24, 'Hours slept in the last 24'),
  sleep48h: hours(48, 'Hours slept in the last 48'),
  awakeHours: hours(120, 'Hours awake'),
  symptoms: nullable(Type.Boolean({ description: 'Feels ill or impaired' })),
};

const reaction = exact({
  trials: Type.Array(nullable(Type.Number()), { maxItems: 1000, description: 'Response times in ms; null: none' }),
  falseStarts: integer(0, 1000),
  durationMs: nullable(Type.Number()),
  responses: integer(0, 1000),
  misses: integer(0, 1000),
  meanRt: nullable(Type.Number({ description: 'ms' })),
  medianRt: nullable(Type.Number({ description: 'ms' })),
  meanSpeed: nullable(Type.Number({ description: '1/s' })),
  scoredSpeed: Type.Number({ description: '1/s, false starts and misses as 0' }),
  lapses: integer(0, 1000),
  ...SELF_REPORT_METRICS,
});

const ocular = exact({
  pupilDiameter: positive(20, 'mm'),
  constrictionAmplitude: positive(20, 'mm'),
  constrictionLatency: positive(5_000, 'ms'),
  saccadicVelocity: positive(5_000, 'mm/s'),
  risk: oneOf(['HIGH', 'LOW'], { description: 'The vendor’s own verdict' }),
  index: nullable(Type.Number({ description: 'The vendor’s own index' })),
  quality: nullable(integer(0, 255)),
});

/** What others see: a device in the cab, a colleague, a supervisor; clearance of alcohol and drugs as yes or no. */
export const SIGNAL_KINDS = ['in_cab', 'peer', 'supervisor', 'clearance'] as const;
const signal = exact({ kind: oneOf(SIGNAL_KINDS), cleared: nullable(Type.Boolean()) });

/** PVT-B's tolerance (bias 5 ms, sd 10 ms) is the one of domain.md; other tests carry none and take the same. */
const tolerance = { biasMs: 5, sdMs: 10 } as const;
const pvt = (code: 'PVT-B' | 'PVT-10'): TestDefinition => ({
  code,
  version: 1,
  source: 'SAFER',
  protocol: code,
  durationMs: REACTION_PROTOCOLS[code].durationMs,
  metrics: reaction,
  tolerance,
});
const other = (code: string, source: TestSource, metrics: TSchema): TestDefinition => ({
  code,
  version: 1,
  source,
  protocol: code,
  durationMs: null,
  metrics,
  tolerance,
});

/** Every test there is, in its current version. */
export const TEST_DEFINITIONS: readonly TestDefinition[] = [
  pvt('PVT-B'),
  pvt('PVT-10'),
  other('OCULAR', 'FIT2000', ocular),
  other('SELF-REPORT', 'SELF_REPORT', exact(SELF_REPORT_METRICS)),
  other('SIGNAL', 'SIGNAL', signal),
];

import type { ReactionMetrics } from '../classification/metrics.ts';
import type { Alert, OcularSignal, SelfReport } from '../classification/signals.ts';
import type { SIGNAL_KINDS, TestSource } from '../definitions/definitions.ts';

export interface ReactionContent {
  readonly kind: 'reaction';
  readonly protocol: string;
  readonly trials: readonly (number | null)[];
  readonly metrics: ReactionMetrics;
  readonly timing: 'within' | 'outside' | 'unknown';
  /** What was asked together with the test; null when nothing was. */
  readonly report: SelfReport | null;
}

/** Lengths in mm, latency in ms, velocity in mm/s. */
export interface OcularContent {
  readonly kind: 'ocular';
  readonly pupilDiameter: number | null;
  readonly constrictionAmplitude: number | null;
  readonly constrictionLatency: number | null;
  readonly saccadicVelocity: number | null;
  readonly risk: OcularSignal['risk'];
  readonly index: number | null;
  readonly quality: number | null;
}

export interface ReportContent {
  readonly kind: 'self_report';
  readonly report: SelfReport;
}

export type SignalKind = (typeof SIGNAL_KINDS)[number];

/** What others see; `cleared` only for a clearance, without values. */
export interface SignalContent {
  readonly kind: 'signal';
  readonly signal: SignalKind;
  readonly cleared: boolean | null;
}

export type TestContent = ReactionContent | OcularContent | ReportContent | SignalContent;

/** A test as it comes in, from a source or a caller, before anybody looked at whose it is. */
export interface IncomingTest {
  readonly source: TestSource;
  readonly externalId: string;
  /** Of everything but the id: the same content under another id is the same test. */
  readonly contentHash: Buffer;
  readonly definitionCode: string;
  readonly startedAt: Date | null;
  readonly takenAt: Date;
  readonly deviceSerial: string | null;
  readonly qualityFlags: readonly string[];
  readonly supervised: boolean;
  readonly practice: boolean;
  readonly content: TestContent;
}

/** An incoming test of a known person. */
export interface OwnedTest extends IncomingTest {
  readonly profileId: string;
}

export const isAlert = (content: TestContent): content is SignalContent & { signal: Alert } =>
  content.kind === 'signal' && content.signal !== 'clearance';

const NO_ANSWERS: SelfReport = { kss: null, sleep24h: null, sleep48h: null, awakeHours: null, symptoms: null };

/** The raw metrics, as the definition's schema says. */
export const metricsOf = (content: TestContent): object => {
  switch (content.kind) {
    case 'reaction':
      return { trials: content.trials, ...content.metrics, ...NO_ANSWERS, ...content.report };
    case 'ocular': {
      const { kind: _, ...metrics } = content;
      return metrics;
    }
    case 'self_report':
      return content.report;
    default:
      return { kind: content.signal, cleared: content.cleared };
  }
};

/** A reaction protocol; times in ms. */
export interface ReactionProtocol {
  code: string;
  durationMs: number;
  /** A response this slow is a lapse. */
  lapseThresholdMs: number;
  /** The longest a stimulus waits; then the trial has no response. */
  timeoutMs: number;
  /** Fewer trials than this in full time were not this protocol, unless missing responses explain them. */
  minimumTrials: number;
}

/** PVT-B: 3 minutes, lapse 355 ms (Basner, Mollicone & Dinges, Acta Astronaut 2011;69:949). PVT-10: 10 minutes, lapse 500 ms (Basner & Dinges, Sleep 2011;34:581). */
export const REACTION_PROTOCOLS = {
  'PVT-B': { code: 'PVT-B', durationMs: 180_000, lapseThresholdMs: 355, timeoutMs: 30_000, minimumTrials: 20 },
  'PVT-10': { code: 'PVT-10', durationMs: 600_000, lapseThresholdMs: 500, timeoutMs: 30_000, minimumTrials: 40 },
} as const satisfies Record<string, ReactionProtocol>;

/** A response faster than this was not one to the stimulus (Basner & Dinges 2011). */
const FALSE_START_MS = 100;
/** How far the duration may be off before it is another test. */
const DURATION_TOLERANCE = 0.1;
const MOST_TRIALS = 1000;
/** Below this every trial is a wrong unit: no device reports a whole test under 10 ms. */
const UNIT_FLOOR_MS = 10;

export const QUALITY_FLAGS = ['TOO_FEW_TRIALS', 'DURATION_OFF', 'TRIALS_IDENTICAL'] as const;
export type QualityFlag = (typeof QUALITY_FLAGS)[number];

export const METRICS_PROBLEMS = [
  'TRIALS_NOT_JSON',
  'TRIALS_NOT_A_LIST',
  'TRIALS_EMPTY',
  'TRIALS_TOO_MANY',
  'TRIALS_UNIT',
  'TRIAL_NOT_A_NUMBER',
  'TRIAL_OUT_OF_RANGE',
  'FALSE_STARTS_MALFORMED',
  'DURATION_MALFORMED',
] as const;
export type MetricsProblem = (typeof METRICS_PROBLEMS)[number];

/** Times in ms, speeds in 1/s; null where there is no valid response to take them from. */
export interface ReactionMetrics {
  /** Responses of 100 ms and more. */
  responses: number;
  /** Stimuli without a response. */
  misses: number;
  falseStarts: number;
  meanRt: number | null;
  medianRt: number | null;
  /** Mean of 1/RT over the responses (Basner & Dinges 2011). */
  meanSpeed: number | null;
  /** The same with every false start and every miss counted as speed 0, so that guessing does not pay; this one is compared. */
  scoredSpeed: number;
  /** Responses at or over the threshold, and misses. */
  lapses: number;
  durationMs: number | null;
}

export type ReactionReading =
  | { ok: true; metrics: ReactionMetrics; qualityFlags: QualityFlag[] }
  | { ok: false; problem: MetricsProblem };

const mean = (values: number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const median = (values: number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
};

type Trials = (number | null)[];

const parse = (trials: unknown): unknown => {
  if (typeof trials !== 'string') return trials;
  try {
    return JSON.parse(trials) as unknown;
  } catch {
    return undefined;
  }
};

const readTrials = (given: unknown, protocol: ReactionProtocol): Trials | MetricsProblem => {
  const parsed = parse(given);
  if (parsed === undefined) return 'TRIALS_NOT_JSON';
  if (!Array.isArray(parsed)) return 'TRIALS_NOT_A_LIST';
  if (parsed.length === 0) return 'TRIALS_EMPTY';
  if (parsed.length > MOST_TRIALS) return 'TRIALS_TOO_MANY';
  const trials: Trials = [];
  for (const trial of parsed as unknown[]) {
    if (trial !== null && (typeof trial !== 'number' || !Number.isFinite(trial))) return 'TRIAL_NOT_A_NUMBER';
    if (trial !== null && (trial < 0 || trial > protocol.timeoutMs)) return 'TRIAL_OUT_OF_RANGE';
    trials.push(trial);
  }
  const answered = trials.filter((trial) => trial !== null);
  if (answered.length > 0 && answered.every((trial) => trial < UNIT_FLOOR_MS)) return 'TRIALS_UNIT';
  return trials;
};

const flagsOf = (metrics: ReactionMetrics, responses: number[], protocol: ReactionProtocol): QualityFlag[] => {
  const { durationMs, misses, falseStarts } = metrics;
  const flags: QualityFlag[] = [];
  if (misses === 0 && responses.length + falseStarts < protocol.minimumTrials) flags.push('TOO_FEW_TRIALS');
  if (durationMs !== null && Math.abs(durationMs - protocol.durationMs) > DURATION_TOLERANCE * protocol.durationMs) {
    flags.push('DURATION_OFF');
  }
  if (responses.length > 1 && responses.every((rt) => rt === responses[0])) flags.push('TRIALS_IDENTICAL');
  return flags;
};

/**
 * The metrics of one reaction test. `trials` is a list, or its JSON text, of response times in ms with null for no response; `falseStarts` are
 * those that the device counted outside the trials. Malformed input is refused with a code and is never a result.
 */
export const readReaction = (
  input: { trials: unknown; falseStarts: number; durationMs: number | null },
  protocol: ReactionProtocol,
): ReactionReading => {
  const { durationMs } = input;
  const trials = readTrials(input.trials, protocol);
  if (typeof trials === 'string') return { ok: false, problem: trials };
  if (!Number.isInteger(input.falseStarts) || input.falseStarts < 0 || input.falseStarts > MOST_TRIALS) {
    return { ok: false, problem: 'FALSE_STARTS_MALFORMED' };
  }
  if (durationMs !== null && !(Number.isFinite(durationMs) && durationMs > 0)) {
    return { ok: false, problem: 'DURATION_MALFORMED' };
  }
  const answered = trials.filter((trial) => trial !== null);
  const responses = answered.filter((rt) => rt >= FALSE_START_MS);
  const misses = trials.length - answered.length;
  const falseStarts = input.falseStarts + answered.length - responses.length;
  const speeds = responses.map((rt) => 1000 / rt);
  const scored = responses.length + misses + falseStarts;
  const metrics: ReactionMetrics = {
    responses: responses.length,
    misses,
    falseStarts,
    meanRt: mean(responses),
    medianRt: median(responses),
    meanSpeed: mean(speeds),
    scoredSpeed: speeds.reduce((sum, speed) => sum + speed, 0) / scored,
    lapses: misses + responses.filter((rt) => rt >= protocol.lapseThresholdMs).length,
    durationMs,
  };
  return { ok: true, metrics, qualityFlags: flagsOf(metrics, responses, protocol) };
};

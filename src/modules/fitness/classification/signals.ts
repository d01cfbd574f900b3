import type { FitnessPolicy } from './policy.ts';

/** How a device is known: `refused` may not be used at all, `unqualified` may, without the lapse bands. */
export type DeviceState = 'qualified' | 'unqualified' | 'refused';

/** One reaction test, as `readReaction` measured it. */
export interface ReactionSignal {
  protocol: string;
  /** Scored response speed, 1/s. */
  speed: number;
  lapses: number;
  qualityFlags: readonly string[];
  /** Whether the timing that the device recorded with this test keeps the definition's tolerance. */
  timing: 'within' | 'outside' | 'unknown';
  device: DeviceState;
}

/** One ocular test. `risk` is the vendor's own verdict. */
export interface OcularSignal {
  risk: 'HIGH' | 'LOW';
  qualityFlags: readonly string[];
  device: DeviceState;
}

/** What the person says; null where a question was not answered. Hours; `kss` 1 to 9. */
export interface SelfReport {
  kss: number | null;
  sleep24h: number | null;
  sleep48h: number | null;
  awakeHours: number | null;
  symptoms: boolean | null;
}

/** The person's own measure to compare with; `sd` null while it is provisional, `pooledSd` null until the group has one. */
export interface OwnBaseline {
  mean: number;
  sd: number | null;
  pooledSd: number | null;
}

export type Alert = 'in_cab' | 'peer' | 'supervisor';

/** Everything known about one person at one moment. At most one valid reaction and one ocular test: the one to classify. */
export interface FitnessSignals {
  highRisk: boolean;
  reaction: ReactionSignal | null;
  ocular: OcularSignal | null;
  selfReport: SelfReport | null;
  /** Alerts whose for_cause test is still open. */
  alerts: readonly Alert[];
  /** Alcohol and drug clearance. */
  clearance: 'yes' | 'no' | null;
  baseline: OwnBaseline | null;
  /** Set when this is the retest after a rest in a case. */
  retest: { previousOcularHigh: boolean } | null;
  /** A required test is missing as exposure starts; `device_outage` only when the outage was detected. */
  missing: 'test' | 'device_outage' | null;
  /** An earlier attempt at the same requirement was invalid. */
  earlierInvalid: boolean;
}

export type SleepBreach = 'SLEEP_24H' | 'SLEEP_48H' | 'AWAKE_TOO_LONG';

/** Which parts of the sleep rule (Dawson & McCulloch 2005) the report breaks; what was not answered breaks nothing. */
export const sleepBreaches = (report: SelfReport, { sleep }: FitnessPolicy): SleepBreach[] => {
  const { sleep24h, sleep48h, awakeHours } = report;
  const breaches: SleepBreach[] = [];
  if (sleep24h !== null && sleep24h < sleep.minimum24h) breaches.push('SLEEP_24H');
  if (sleep48h !== null && sleep48h < sleep.minimum48h) breaches.push('SLEEP_48H');
  if (sleep.awakeWithinSleep && awakeHours !== null && sleep48h !== null && awakeHours > sleep48h) {
    breaches.push('AWAKE_TOO_LONG');
  }
  return breaches;
};

/** Whether the report shows that the sleep rule is kept; an unanswered question shows nothing. */
export const isRested = (report: SelfReport | null, policy: FitnessPolicy): boolean =>
  report !== null &&
  report.sleep24h !== null &&
  report.sleep48h !== null &&
  report.awakeHours !== null &&
  sleepBreaches(report, policy).length === 0;

/** The standard deviation that limits are counted in: the own one, else the group's pooled one, else the policy's part of the mean. */
export const limitSd = (baseline: OwnBaseline, policy: FitnessPolicy): number =>
  baseline.sd ?? baseline.pooledSd ?? policy.deviation.defaultSdRatio * baseline.mean;

/** Measured latency of a device model against the tolerance of a test definition, in ms, and its calibration. */
export interface DeviceFacts {
  active: boolean;
  biasMs: number | null;
  sdMs: number | null;
  calibrationDue: Date | null;
}

/** qualified: in service, measured latency within tolerance, calibration known and not due at `at`. A device out of service is refused. */
export const deviceState = (
  device: DeviceFacts | null,
  tolerance: { biasMs: number; sdMs: number },
  at: Date,
): DeviceState => {
  if (device === null) return 'unqualified';
  if (!device.active) return 'refused';
  const { biasMs, sdMs, calibrationDue } = device;
  const measured = biasMs !== null && sdMs !== null && Math.abs(biasMs) <= tolerance.biasMs && sdMs <= tolerance.sdMs;
  return measured && calibrationDue !== null && at < calibrationDue ? 'qualified' : 'unqualified';
};

import type { Action, Level } from '../../../../src/modules/fitness/classification/classify.ts';
import type { Alert, FitnessSignals, SelfReport } from '../../../../src/modules/fitness/classification/signals.ts';

/** Each value of each signal, with what the table of the domain says it is on its own. */
type Own = 'absent' | 'invalid' | 'fit' | 'yellow' | 'orange' | 'red';
interface Cell<T> {
  is: Own;
  name: string;
  value: T;
}
const cell = <T>(name: string, is: Own, value: T): Cell<T> => ({ name, is, value });

type Tested = Pick<FitnessSignals, 'reaction' | 'baseline'>;
const test = {
  protocol: 'PVT-B',
  speed: 4,
  lapses: 2,
  qualityFlags: [],
  timing: 'within',
  device: 'qualified',
} as const;
const own = { mean: 4, sd: 0.2, pooledSd: 0.5 };
const provisional = { mean: 4, sd: null, pooledSd: 0.3 };
const byPolicy = { mean: 4, sd: null, pooledSd: null };
const tested = (name: string, is: Own, reaction: Partial<FitnessSignals['reaction']>, baseline: Tested['baseline']) =>
  cell<Tested>(name, is, { reaction: { ...test, ...reaction }, baseline });

/** Limits by hand: own 3.6 and 3.4; provisional 3.4 and 3.1; a tenth of the mean 3.2 and 2.8; the standard is 2.5. */
const REACTION: Cell<Tested>[] = [
  cell('no test', 'absent', { reaction: null, baseline: own }),
  tested('at the mean', 'fit', {}, own),
  tested('without baseline', 'fit', { speed: 2.5 }, null),
  tested('above 2 sds', 'fit', { speed: 3.61 }, own),
  tested('below 2 sds', 'yellow', { speed: 3.59 }, own),
  tested('below 3 sds', 'orange', { speed: 3.39 }, own),
  tested('provisional, above 2 sds', 'fit', { speed: 3.41 }, provisional),
  tested('provisional, below 2 sds', 'yellow', { speed: 3.39 }, provisional),
  tested('provisional, below 3 sds', 'orange', { speed: 3.09 }, provisional),
  tested('by policy, above 2 sds', 'fit', { speed: 3.21 }, byPolicy),
  tested('by policy, below 2 sds', 'yellow', { speed: 3.19 }, byPolicy),
  tested('by policy, below 3 sds', 'orange', { speed: 2.79 }, byPolicy),
  tested('below the standard', 'red', { speed: 2.49 }, null),
  tested('10 lapses', 'fit', { lapses: 10 }, own),
  tested('11 lapses', 'yellow', { lapses: 11 }, own),
  tested('20 lapses', 'yellow', { lapses: 20 }, own),
  tested('21 lapses', 'red', { lapses: 21 }, own),
  tested('21 lapses, unqualified', 'fit', { lapses: 21, device: 'unqualified' }, own),
  tested('21 lapses, 10 minutes', 'fit', { lapses: 21, protocol: 'PVT-10' }, own),
  tested('timing unknown', 'fit', { timing: 'unknown' }, own),
  tested('flagged', 'invalid', { qualityFlags: ['DURATION_OFF'] }, own),
  tested('flagged and far too slow', 'invalid', { qualityFlags: ['TOO_FEW_TRIALS'], speed: 1, lapses: 40 }, own),
  tested('timing outside', 'invalid', { timing: 'outside' }, own),
  tested('wrong protocol', 'invalid', { protocol: 'STROOP' }, own),
  tested('wrong device', 'invalid', { device: 'refused' }, own),
  tested('unreadable', 'invalid', { speed: Number.NaN }, own),
];

const eye = { qualityFlags: [], device: 'unqualified' } as const;
const OCULAR: Cell<FitnessSignals['ocular']>[] = [
  cell('no ocular test', 'absent', null),
  cell('low', 'fit', { ...eye, risk: 'LOW' }),
  cell('high', 'yellow', { ...eye, risk: 'HIGH' }),
  cell('high, poor quality', 'invalid', { ...eye, risk: 'HIGH', qualityFlags: ['LOW_QUALITY'] }),
  cell('low, wrong device', 'invalid', { ...eye, risk: 'LOW', device: 'refused' }),
];

const good: SelfReport = { kss: 6, sleep24h: 5, sleep48h: 12, awakeHours: 12, symptoms: false };
const REPORT: Cell<FitnessSignals['selfReport']>[] = [
  cell('no report', 'absent', null),
  cell('nothing answered', 'absent', { kss: null, sleep24h: null, sleep48h: null, awakeHours: null, symptoms: null }),
  cell('at every limit', 'fit', good),
  cell('kss 7', 'yellow', { ...good, kss: 7 }),
  cell('symptoms', 'yellow', { ...good, symptoms: true }),
  cell('kss 9 and symptoms', 'yellow', { ...good, kss: 9, symptoms: true }),
  cell('4.9 h in 24', 'orange', { ...good, sleep24h: 4.9 }),
  cell('11.9 h in 48', 'orange', { ...good, sleep48h: 11.9, awakeHours: 2 }),
  cell('awake 12.1 h', 'orange', { ...good, awakeHours: 12.1 }),
  cell('no sleep and kss 9', 'orange', { kss: 9, sleep24h: 0, sleep48h: 0, awakeHours: 48, symptoms: true }),
];

const ALERTS: Cell<Alert[]>[] = [
  cell('no alert', 'absent', []),
  cell('in-cab alert', 'yellow', ['in_cab']),
  cell('peer and supervisor alert', 'yellow', ['peer', 'supervisor']),
];

const CONTEXTS = [null, { previousOcularHigh: false }, { previousOcularHigh: true }];
const MISSING = [null, 'test', 'device_outage'] as const;
const CLEARANCES = [null, 'yes', 'no'] as const;

export interface TableCell {
  name: string;
  signals: FitnessSignals;
  expected: { level: Level; action: Action };
}

/** The table, read from the gravest row down; written from the domain's words, not from the code. */
const expectation = (
  reaction: Own,
  ocular: Own,
  report: Own,
  alert: Own,
  context: Pick<FitnessSignals, 'highRisk' | 'retest' | 'missing' | 'clearance' | 'earlierInvalid'>,
): { level: Level; action: Action } => {
  const { highRisk, missing } = context;
  const grave = (is: Own) => is === 'yellow' || is === 'orange' || is === 'red';
  const others = [reaction, report, alert].filter(grave).length;
  const high = ocular === 'yellow';
  if (
    reaction === 'red' ||
    context.clearance === 'no' ||
    (high && (others > 0 || context.retest?.previousOcularHigh === true))
  ) {
    return { level: 'red', action: 'hold' };
  }
  if (reaction === 'orange' || report === 'orange' || others >= 2) return { level: 'orange', action: 'hold' };
  if (high || others === 1) return { level: 'yellow', action: highRisk ? 'hold' : 'second_signal' };
  const invalid = reaction === 'invalid' || ocular === 'invalid';
  if (missing === 'test' || (invalid && context.earlierInvalid)) {
    return { level: 'none', action: highRisk ? 'hold' : 'restricted' };
  }
  if (missing === 'device_outage') return { level: 'none', action: 'assessment' };
  if (invalid) return { level: 'invalid', action: 'repeat' };
  return reaction === 'fit' || ocular === 'fit'
    ? { level: 'green', action: 'may_work' }
    : { level: 'none', action: 'test' };
};

/** Every combination of every value of every signal. */
export function* everyCell(): Generator<TableCell> {
  for (const reaction of REACTION)
    for (const ocular of OCULAR)
      for (const report of REPORT)
        for (const alert of ALERTS)
          for (const clearance of CLEARANCES)
            for (const missing of MISSING)
              for (const retest of CONTEXTS)
                for (const earlierInvalid of [false, true])
                  for (const highRisk of [false, true]) {
                    const context = { highRisk, retest, missing, clearance, earlierInvalid };
                    const table = expectation(reaction.is, ocular.is, report.is, alert.is, context);
                    yield {
                      name: `${reaction.name}, ${ocular.name}, ${report.name}, ${alert.name}, ${JSON.stringify(context)}`,
                      signals: {
                        ...context,
                        ...reaction.value,
                        ocular: ocular.value,
                        selfReport: report.value,
                        alerts: alert.value,
                      },
                      expected: { ...table, action: retest === null ? table.action : 'hold' },
                    };
                  }
}

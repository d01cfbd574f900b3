import { runChild } from './child.ts';
import { against, rate } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

/** One command from its service to its commit, four at once: the case is locked and checked, decided, told of; its hold ends. */
export const command = async ({ database, companyId, rounds }: Place): Promise<Row[]> => {
  const { told } = await runChild('command.child', {
    BENCH_DATABASE: database,
    BENCH_COMPANY: companyId,
    BENCH_ROUNDS: String(rounds),
  });
  const [ours, hand] = [told['ours']!, told['hand']!];
  return [
    rate(
      {
        work: 'a case decided: lock, checks, change, timers',
        baseline: against('the same statements by hand', hand, '/s'),
        unit: 'commands/s',
      },
      ours,
      hand,
      0.5,
    ),
  ];
};

import { expect } from 'chai';
import { runChild } from './child.ts';
import { figure } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

const PEOPLE = 100_000;

/** A file of a hundred thousand people from the upload to the last profile, with everything in one process. */
export const batch = async ({ database }: Place): Promise<Row[]> => {
  const { ms, peak, told } = await runChild('batch.child', {
    BENCH_DATABASE: database,
    BENCH_ROWS: String(PEOPLE),
  });
  expect(told['progress']!.length, 'steps of its progress that were seen').to.be.greaterThan(2);
  const work = `batch upload of ${PEOPLE.toLocaleString('en')} people`;
  return [
    figure({ work, baseline: '–', unit: 's' }, [ms / 1_000], 60),
    figure({ work: 'the same, resident at most, with the one who uploads', baseline: '–', unit: 'MiB' }, [peak], 256),
  ];
};

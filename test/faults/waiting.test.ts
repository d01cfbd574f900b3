import { expect } from 'chai';
import { holdsWithin, inTime, waitedFor, waitFor } from './waiting.ts';

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it came',
    (error: unknown) => (error as Error).message,
  );
const never = new Promise<never>(() => undefined);

describe('the waiting of faults', () => {
  it('looks until something holds', async () => {
    let looks = 0;
    await waitFor('the third look', () => (looks += 1) === 3, { every: 1 });
    expect(looks).to.equal(3);
  });

  it('gives up what never holds, and a look that hangs, with what was waited for', async () => {
    const soon = { most: 10, every: () => 1 };
    expect(await refusal(waitFor('a job is taken over', () => false, soon))).to.equal(
      'a job is taken over: not within 0.01 s',
    );
    expect(await refusal(waitFor('an answer', () => never, soon))).to.equal('an answer: not within 0.01 s');
    expect(await holdsWithin(() => false, soon)).to.equal(false);
  });

  it('ends with what a look throws', async () => {
    const work = waitFor('a job', () => Promise.reject(new Error('it is over')));
    expect(await refusal(work)).to.equal('it is over');
  });

  it('gives up a work that does not end, and says what it waited for', async () => {
    const work = waitFor('readiness', () => never, { most: 50 });
    expect(await refusal(inTime('restarts', work, 10))).to.equal('restarts, waiting for readiness: not within 0.01 s');
    await refusal(work);
    expect(await inTime('a sum', Promise.resolve(3))).to.equal(3);
    expect(waitedFor()).to.deep.equal([]);
  });
});

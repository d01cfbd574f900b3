import { expect } from 'chai';
import { createBeat, untilBeat } from '../../../src/platform/http/beat.ts';

describe('beat', () => {
  it('is the next multiple', () => {
    const waits = [0.5, 30, 249.5, 250, 250.5, 612.5].map((taken) => untilBeat(taken, 250));
    expect(waits).to.deep.equal([249.5, 220, 0.5, 0, 249.5, 137.5]);
  });

  it('answers what the work does, and fails with its failure', async () => {
    const beat = createBeat(20);
    expect(await beat(() => Promise.resolve('well'))).to.equal('well');
    const failure = new Error('refused');
    const begun = performance.now();
    expect(await beat(() => Promise.reject(failure)).catch((error: unknown) => error)).to.equal(failure);
    // Not before the beat (timers may be a millisecond early); how much later is the machine's.
    expect(performance.now() - begun).to.be.at.least(18);
  });
});

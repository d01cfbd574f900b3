import { expect } from 'chai';
import { createBackoff } from '../../../src/platform/jobs/backoff.ts';

describe('back-off', () => {
  it('doubles up to its cap, half of it left to chance', () => {
    const backoff = createBackoff({ base: 1_000, cap: 60_000 });
    for (const [failures, full] of [
      [1, 1_000],
      [2, 2_000],
      [6, 32_000],
      [7, 60_000],
      [5_000, 60_000],
    ] as const)
      for (let n = 0; n < 50; n += 1) expect(backoff(failures)).to.be.within(full / 2, full);
    expect(new Set(Array.from({ length: 50 }, () => backoff(7))).size).to.be.greaterThan(1);
  });
});

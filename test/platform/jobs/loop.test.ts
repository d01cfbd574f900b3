import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createBackoff } from '../../../src/platform/jobs/backoff.ts';
import { startLoop } from '../../../src/platform/jobs/loop.ts';
import type { Loop } from '../../../src/platform/jobs/loop.ts';

const HOUR = 3_600_000;

describe('a loop', () => {
  let loop: Loop | undefined;
  afterEach(() => loop?.stop());

  it('looks at once when it is nudged, also while it looks', async () => {
    const looks: PromiseWithResolvers<boolean>[] = [];
    const reached = async (count: number): Promise<void> => {
      for (;;) {
        if (looks.length >= count) return;
        await sleep(1);
      }
    };
    loop = startLoop({
      least: HOUR,
      most: HOUR,
      onError: () => undefined,
      look: () => {
        const look = Promise.withResolvers<boolean>();
        looks.push(look);
        return look.promise;
      },
    });
    loop.nudge();
    looks[0]!.resolve(false);
    await reached(2);
    looks[1]!.resolve(true);
    await sleep(20);
    expect(looks).to.have.length(2);
    loop.nudge();
    await reached(3);
    looks[2]!.resolve(true);
  });

  it('goes on after an error, and stops only when the look that runs is over', async () => {
    const errors: unknown[] = [];
    const last = Promise.withResolvers<boolean>();
    const begun = Promise.withResolvers<void>();
    let looks = 0;
    loop = startLoop({
      least: 1,
      most: 1,
      onError: (error) => errors.push(error),
      look: () => {
        looks += 1;
        if (looks === 1) return Promise.reject(new Error('the first fails'));
        begun.resolve();
        return last.promise;
      },
    });
    await begun.promise;
    expect(errors.map(String)).to.deep.equal(['Error: the first fails']);
    let isStopped = false;
    const stopping = loop.stop().then(() => (isStopped = true));
    await sleep(5);
    expect(isStopped).to.equal(false);
    last.resolve(true);
    await stopping;
    expect(looks).to.equal(2);
  });
});

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

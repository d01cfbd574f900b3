import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startLoop } from '../../../src/platform/process/loop.ts';
import type { Loop } from '../../../src/platform/process/loop.ts';
import { until } from '../../support/until.ts';

const never = (error: unknown): void => {
  throw error;
};

describe('loop', () => {
  let loop: Loop | undefined;
  afterEach(() => loop?.stop());

  it('repeats, never twice at once', async () => {
    let running = 0;
    let most = 0;
    let rounds = 0;
    const run = async () => {
      most = Math.max(most, ++running);
      await sleep(3);
      running -= 1;
      rounds += 1;
    };
    loop = startLoop({ look: run, least: 1, onError: never });
    const nudging = setInterval(() => loop!.nudge(), 1);
    await until(() => rounds === 5, 1);
    clearInterval(nudging);
    expect(most).to.equal(1);
  });

  it('runs at once when nudged, and once more when nudged while it runs', async () => {
    let rounds = 0;
    let release: () => void = () => undefined;
    const run = async () => {
      rounds += 1;
      if (rounds === 1) await new Promise<void>((resolve) => (release = resolve));
    };
    loop = startLoop({ look: run, least: 3_600_000, onError: never });
    loop.nudge();
    await until(() => rounds === 1, 1);
    loop.nudge();
    release();
    await until(() => rounds === 2, 1);
  });

  it('tells what fails, leaves nudges alone while backing off, and goes on', async () => {
    const errors: unknown[] = [];
    let rounds = 0;
    const run = () => (++rounds <= 2 ? Promise.reject(new Error(`round ${rounds}`)) : Promise.resolve());
    loop = startLoop({ look: run, least: 1, longest: 30, onError: (error) => void errors.push(error) });
    await until(() => rounds === 4, 1);
    expect(errors.map((error) => (error as Error).message)).to.deep.equal(['round 1', 'round 2']);
  });

  it('waits for the round under way when it is stopped, and starts no other', async () => {
    let finished = 0;
    let started = 0;
    const run = async () => {
      started += 1;
      await sleep(10);
      finished += 1;
    };
    const own = startLoop({ look: run, least: 1, onError: never });
    await until(() => started === 1, 1);
    own.nudge();
    await own.stop();
    expect(finished).to.equal(1);
    await sleep(20);
    expect(started).to.equal(1);
  });
});

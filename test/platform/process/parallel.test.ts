import { expect } from 'chai';
import { inParallel } from '../../../src/platform/process/parallel.ts';

describe('work side by side', () => {
  it('is done for every item, so many at once and no more', async () => {
    const done: number[] = [];
    let [running, most] = [0, 0];
    await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      done.push(item);
    });
    expect(done.toSorted((a, b) => a - b)).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
    expect(most).to.equal(3);
  });

  it('begins nothing after an error, waits for what runs, and throws the first', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const failed = await inParallel([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      await new Promise(setImmediate);
      if (item === 1) throw new Error('first');
      await new Promise(setImmediate);
      ended.push(item);
    }).catch((error: unknown) => (error as Error).message);
    expect([failed, begun, ended]).to.deep.equal(['first', [1, 2], [2]]);
  });

  it('asks for items as it needs them, and waits for what runs when they fail', async () => {
    const log: string[] = [];
    async function* items() {
      for (const item of [1, 2, 3]) {
        log.push(`asked ${item}`);
        yield item;
        await new Promise(setImmediate);
      }
      throw new Error('no more to be had');
    }
    const failed = await inParallel(items(), 2, async (item) => {
      for (let turn = 0; turn < 5 * item; turn += 1) await new Promise(setImmediate);
      log.push(`done ${item}`);
    }).catch((error: unknown) => (error as Error).message);
    expect(failed).to.equal('no more to be had');
    expect(log).to.deep.equal(['asked 1', 'asked 2', 'done 1', 'asked 3', 'done 2', 'done 3']);
  });

  it('is nothing for nothing', async () => {
    await inParallel([], 2, () => Promise.reject(new Error('never')));
  });
});

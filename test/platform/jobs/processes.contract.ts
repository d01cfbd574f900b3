import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { job } from '../../../src/platform/jobs/definitions.ts';
import { leaveEffect, openHarness, raised } from './harness.ts';
import type { Harness } from './harness.ts';

const CHILD = fileURLToPath(new URL('consumers.child.ts', import.meta.url));

/** What holds for processes that run jobs, whatever keeps their queues: PostgreSQL, or Redis at `redisUrl`. */
export const processContract = (name: string, redisUrl?: string): void =>
  void describe(`processes that run jobs on ${name}`, () => {
    let harness: Harness;
    const children: ChildProcess[] = [];
    beforeEach(async () => {
      harness = await openHarness(redisUrl);
    });
    afterEach(async () => {
      for (const child of children.splice(0)) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await harness.close();
    });

    /** Starts a process and resolves once it has begun `jobs` jobs. */
    const startChild = async (jobs: number): Promise<ChildProcess> => {
      const child = spawn(process.execPath, [CHILD, JSON.stringify(harness.urls)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      let begun = 0;
      for await (const chunk of child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        begun += chunk.length;
        if (begun >= jobs) break;
      }
      child.stdout.resume();
      return child;
    };

    it('lose nothing and repeat no effect when one is killed in the middle of 300 jobs', async () => {
      const names = ['test.kill.slow', 'test.kill.outside'] as const;
      const definitions = [
        job({
          name: names[0],
          inTransaction: async (tx, _payload, { id }) => {
            await leaveEffect(tx, id);
          },
        }),
        job({ name: names[1], run: () => Promise.resolve() }),
      ];
      const node = harness.node({ definitions });
      const ids = await harness.write(async (tx) => {
        const made: (string | undefined)[] = [];
        for (let n = 0; n < 300; n += 1) made.push(await node.outbox.enqueue(tx, names[n % 2]!, {}));
        return made;
      });
      const killed = await startChild(60);
      const gone = once(killed, 'exit');
      killed.kill('SIGKILL');
      await gone;
      const { rows } = await harness.admin.query<{ state: string; count: number }>(
        'select state, count(*)::int as count from outbox group by state order by state',
      );
      expect(rows.map(({ state }) => state)).to.deep.equal(['done', 'waiting']);
      await node.start();
      await harness.drained();
      const states = await harness.admin.query('select distinct state from outbox');
      expect(states.rows).to.deep.equal([{ state: 'done' }]);
      expect(await harness.effects()).to.have.members(ids.filter((_id, n) => n % 2 === 0));
    });

    it('finish what they run when they stop, and take nothing new', async () => {
      let begun = 0;
      const first = Promise.withResolvers<void>();
      const slow = job({
        name: 'test.stop.slow',
        inTransaction: async (tx, _payload, { id }) => {
          begun += 1;
          first.resolve();
          await sleep(150);
          await leaveEffect(tx, id);
        },
      });
      const node = harness.node({ definitions: [slow] });
      await harness.write(async (tx) => {
        for (let n = 0; n < 30; n += 1) await node.outbox.enqueue(tx, slow.name, {});
      });
      await node.start();
      await first.promise;
      await node.stop();
      const effects = await harness.effects();
      expect(effects).to.have.length(begun);
      expect(begun).to.be.lessThan(30);
      await sleep(50);
      expect(begun).to.equal(effects.length);
      const other = harness.node({ definitions: [slow] });
      await other.start();
      await harness.drained();
      expect(await harness.effects()).to.have.length(30);
    });

    it('cut what still runs in the end; it does not count as a try and another process does it', async () => {
      const cut = new AbortController();
      const first = Promise.withResolvers<void>();
      let isFirst = true;
      const endless = job({
        name: 'test.stop.endless',
        inTransaction: async (tx, _payload, { id, signal }) => {
          await leaveEffect(tx, id);
          if (!isFirst) return;
          isFirst = false;
          first.resolve();
          await raised(signal);
          throw new Error('the signal was heard');
        },
      });
      const node = harness.node({ definitions: [endless] });
      const id = await harness.write((tx) => node.outbox.enqueue(tx, endless.name, {}));
      await node.start();
      await first.promise;
      const stopped = node.stop(cut.signal);
      cut.abort();
      await stopped;
      expect(await harness.row(id)).to.deep.include({ state: 'waiting', attempts: 0, lastError: null });
      const other = harness.node({ definitions: [endless] });
      await other.start();
      await harness.drained();
      expect(await harness.row(id)).to.deep.include({ state: 'done', attempts: 1 });
      expect(await harness.effects()).to.deep.equal([id]);
    });

    it('leave no open handle behind', async () => {
      const script = `
      const { createNode } = await import(${JSON.stringify(new URL('harness.ts', import.meta.url).href)});
      const node = createNode(${JSON.stringify(harness.urls)}, { definitions: [] });
      node.start();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await node.close();
      process.stdout.write('closed');`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      const exited = once(child, 'exit');
      const text: string[] = [];
      for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) text.push(chunk);
      expect(await exited).to.deep.equal([0, null]);
      expect(text.join('')).to.equal('closed');
    });
  });

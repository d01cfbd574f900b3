import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createLifetime } from '../../../src/platform/process/lifetime.ts';
import type { Lifetime } from '../../../src/platform/process/lifetime.ts';
import { createLogging } from '../../../src/platform/telemetry/logger.ts';

const make = async (drainSeconds = 5): Promise<{ lifetime: Lifetime; logged: () => string }> => {
  const lines: string[] = [];
  const { log, close } = await createLogging({ level: 'info', stream: { write: (line) => void lines.push(line) } });
  return { lifetime: createLifetime({ log, drainSeconds, flush: close }), logged: () => lines.join('') };
};

describe('lifetime', () => {
  it('starts parts in order and stops them in the reverse, once', async () => {
    const { lifetime } = await make();
    const steps: string[] = [];
    for (const name of ['database', 'jobs', 'web']) {
      const part = await lifetime.start(
        name,
        () => `${name} part`,
        async (given) => {
          await sleep(1);
          steps.push(given);
        },
      );
      expect(part).to.equal(`${name} part`);
    }
    expect(await Promise.all([lifetime.stop('test'), lifetime.stop('again')])).to.deep.equal([true, true]);
    expect(steps).to.deep.equal(['web part', 'jobs part', 'database part']);
  });

  it('raises its signal before the first part stops, and starts nothing any more', async () => {
    const { lifetime } = await make();
    const seen: boolean[] = [];
    await lifetime.start(
      'web',
      () => undefined,
      () => void seen.push(lifetime.stopping.aborted),
    );
    expect(lifetime.stopping.aborted).to.equal(false);
    await lifetime.stop('test');
    expect(seen).to.deep.equal([true]);
    const late = await Promise.allSettled([
      lifetime.start(
        'late',
        () => expect.fail('started'),
        () => undefined,
      ),
    ]);
    expect(late[0]).to.have.property('status', 'rejected');
  });

  it('goes on past a part that fails or hangs, and says so', async () => {
    const { lifetime, logged } = await make(0.05);
    const steps: string[] = [];
    await lifetime.start(
      'database',
      () => undefined,
      () => void steps.push('database'),
    );
    await lifetime.start(
      'failing',
      () => undefined,
      () => Promise.reject(new Error('broken')),
    );
    await lifetime.start(
      'hanging',
      () => undefined,
      () => new Promise(() => undefined),
    );
    expect(await lifetime.stop('test')).to.equal(false);
    expect(steps).to.deep.equal(['database']);
    expect(logged()).to.contain('"part":"hanging","msg":"did not stop in time"').and.contain('broken');
  });

  it('waits for a part that is just starting, and does not stop one that failed to start', async () => {
    const { lifetime } = await make();
    const steps: string[] = [];
    const begin = Promise.withResolvers<string>();
    const slow = lifetime.start(
      'slow',
      () => begin.promise,
      (part) => void steps.push(part),
    );
    const broken = lifetime.start(
      'broken',
      () => Promise.reject(new Error('no')),
      () => void steps.push('broken'),
    );
    const outcome = Promise.allSettled([slow, broken]);
    const stopped = lifetime.stop('test');
    begin.resolve('slow');
    expect(await stopped).to.equal(true);
    expect(steps).to.deep.equal(['slow']);
    expect((await outcome).map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected']);
  });
});

describe('a process', function () {
  this.timeout(30_000);

  const run = async (
    scenario: string,
    whenReady: (signal: (name: NodeJS.Signals) => void, output: () => string) => Promise<void> | void,
  ) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'lifetime.child.ts'), scenario], {
      stdio: 'pipe',
    });
    let output = '';
    let acted: Promise<void> | undefined;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('ready')) {
        acted ??= Promise.try(
          whenReady,
          (name) => void child.kill(name),
          () => output,
        );
      }
    });
    const [code] = await once(child, 'close');
    await acted;
    return { code: Number(code), output };
  };
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await sleep(10);
  };

  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`stops on ${name} and exits 0, also when the signal comes twice at once`, async () => {
      const { code, output } = await run('orderly', (signal) => {
        signal(name);
        signal(name);
      });
      expect(code).to.equal(0);
      expect(output).to.contain('database down').and.contain('"msg":"stopped"');
    });
  }

  for (const [scenario, expected] of [
    ['orderly', 0],
    ['throwing', 1],
  ] as const) {
    it(`exits ${expected} where nothing can be written any more (${scenario})`, async () => {
      const output = await open('/dev/null', 'r');
      const child = spawn(process.execPath, [join(import.meta.dirname, 'lifetime.child.ts'), scenario], {
        stdio: ['ignore', output.fd, output.fd, 'ipc'],
      });
      if (expected === 0) child.once('message', () => child.kill('SIGTERM'));
      const [code] = await once(child, 'exit');
      await output.close();
      expect(code).to.equal(expected);
    });
  }

  it('exits 1 when a part does not stop in time, after cutting it and stopping the others', async () => {
    const { code, output } = await run('hanging', (signal) => signal('SIGTERM'));
    expect(code).to.equal(1);
    expect(output.split('\n').filter((line) => /^(?:web|database)/u.test(line))).to.deep.equal([
      'database up',
      'web stops, cut false',
      'web cut',
      'database down',
    ]);
  });

  it('exits at once on a second signal', async () => {
    const { code, output } = await run('hanging', async (signal, seen) => {
      signal('SIGINT');
      await until(() => seen().includes('web stops'));
      await sleep(700);
      signal('SIGINT');
    });
    expect(code).to.equal(1);
    expect(output).to.contain('told to stop again').and.not.contain('database down');
  });

  for (const [scenario, kind] of [
    ['throwing', 'uncaughtException'],
    ['rejecting', 'unhandledRejection'],
  ] as const) {
    it(`logs an ${kind} as fatal before it exits 1`, async () => {
      const { code, output } = await run(scenario, () => undefined);
      expect(code).to.equal(1);
      expect(output).to.contain('"level":"fatal"').and.contain(kind).and.contain('nobody caught me');
    });
  }
});

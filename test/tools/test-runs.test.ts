import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { identify } from '../../src/platform/embedded/processes.ts';
import { until } from '../support/until.ts';

describe('npm test', () => {
  it('says so when there are no tests where it was sent, and runs none', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/test.ts', 'test/typo', 'test/tools'], {
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).to.deep.equal([2, '', 'There are no tests at test/typo\n']);
  });

  it('takes along what its tests have started, however it ends', async () => {
    const guard = JSON.stringify(join(import.meta.dirname, '..', 'support', 'guard.ts'));
    const script = `
      const { endWithUs } = await import(${guard});
      const { spawn } = await import('node:child_process');
      const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      endWithUs(child);
      console.log(child.pid);`;
    const run = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(run.stdout, 'data')) as [Buffer];
    const pid = Number(String(line));
    expect(await identify(pid)).to.not.equal(undefined);
    run.kill('SIGKILL');
    await until(async () => (await identify(pid)) === undefined);
  });
});

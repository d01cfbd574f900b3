import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { removeData } from '../../../src/wiring/data-folder.ts';

describe('DATA_DIR', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-data-folder-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const refusal = (): Promise<string> => removeData(folder).then(String, (error: Error) => error.message);
  const angelis = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const own = { ...process.env, NODE_ENV: 'development', DATA_DIR: join(folder, 'data'), ...env };
    return spawnSync(process.execPath, [join('src', 'cli.ts'), ...args], { env: own, encoding: 'utf8' });
  };

  it('is begun anew where it holds what Angelis keeps, or nothing', async () => {
    await removeData(join(folder, 'absent'));
    await removeData(folder);
    for (const name of ['postgres', 'files']) await mkdir(join(folder, name, 'deep'), { recursive: true });
    await writeFile(join(folder, 'secrets.json'), '{}');
    await removeData(folder);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('is left as it is where it holds anything else, or bears no mark', async () => {
    await mkdir(join(folder, 'postgres'));
    expect(await refusal())
      .to.include(folder)
      .and.include('nothing was removed');
    await writeFile(join(folder, 'secrets.json'), '{}');
    await writeFile(join(folder, 'a.txt'), 'mine');
    expect(await refusal())
      .to.include('a.txt')
      .and.include('nothing was removed');
    expect(await readdir(folder)).to.have.members(['postgres', 'secrets.json', 'a.txt']);
  });

  it('is not made by who only looks, is called wrongly or finds a port taken', async () => {
    const status = angelis(['migrate', 'status']);
    expect(status.stdout).to.match(/^pending +0001-kernel$/m);
    expect([status.status, angelis(['demo', '--days', '0']).status]).to.deep.equal([0, 2]);
    const server = createServer().listen(0);
    await once(server, 'listening');
    const PORT = String((server.address() as AddressInfo).port);
    const refused = angelis(['demo'], { PORT });
    server.close();
    await once(server, 'close');
    expect(refused.stderr).to.include('is taken');
    expect(angelis(['demo'], { PORT, METRICS_HOST: '192.0.2.1' }).stderr).to.include('cannot be opened at 192.0.2.1');
    expect(existsSync(join(folder, 'data'))).to.equal(false);
  });

  it('that is a file is named, with what to do', async () => {
    await writeFile(join(folder, 'data'), '');
    const { status, stderr } = angelis(['demo']);
    expect(status).to.equal(1);
    expect(stderr).to.include('ENOTDIR').and.include('set DATA_DIR to a folder');
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { coresOf } from '../bench/cores.ts';

const bench = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { status, stderr } = spawnSync(process.execPath, ['test/bench/main.ts', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stderr };
};

describe('npm run bench', () => {
  it('measures nothing where its figures could not be written', () => {
    const { status, stderr } = bench(['--json', '/no/such/folder/figures.json']);
    expect(status).to.equal(1);
    expect(stderr).to.contain('there is no folder /no/such/folder');
    expect(bench(['--json', 'test']).stderr).to.contain('It cannot be written: Error: EISDIR');
  });

  it('leaves no file of figures behind when it is asked for something else that there is not', () => {
    const { status, stderr } = bench(['--json', 'figures-of-no-part.json', '--only', 'typo']);
    expect([status, existsSync('figures-of-no-part.json')]).to.deep.equal([1, false]);
    expect(stderr).to.contain('There is no part typo');
  });

  it('says what to do about options that npm has taken for its own', () => {
    const { status, stderr } = bench(['figures.json'], { npm_config_json: 'true', npm_config_full: 'true' });
    expect([status, stderr]).to.deep.equal([
      1,
      'npm took --full, --json for itself: put -- before the options (npm run bench -- --full …)\n',
    ]);
  });

  it('shares out the cores that it was given, whichever they are', () => {
    expect(coresOf(' 2-4,7\n')).to.deep.equal([2, 3, 4, 7]);
    expect(coresOf('0')).to.deep.equal([0]);
  });
});

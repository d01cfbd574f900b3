import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createProgram, runProgram } from '../../../src/platform/cli/program.ts';
import type { CliCommand } from '../../../src/platform/cli/program.ts';

describe('the angelis program', () => {
  const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    let out = '';
    let err = '';
    const greet: CliCommand = (program) => {
      program
        .command('greet')
        .argument('<name>')
        .option('--loud')
        .action((name: string, { loud }: { loud?: boolean }) => {
          if (name === 'nobody') throw new Error('there is nobody: name someone', { cause: new Error('empty room') });
          out += loud === true ? name.toUpperCase() : name;
        });
    };
    const program = createProgram('1.2.3', [greet]);
    for (const command of [program, ...program.commands]) {
      command.configureOutput({ writeOut: (text) => (out += text), writeErr: (text) => (err += text) });
    }
    const { error } = console;
    console.error = (text: string) => (err += text);
    try {
      return { code: await runProgram(program, args), out, err };
    } finally {
      console.error = error;
    }
  };

  it('runs a command with its arguments and options', async () => {
    expect(await run('greet', 'ana')).to.deep.equal({ code: 0, out: 'ana', err: '' });
    expect(await run('greet', 'ana', '--loud')).to.deep.equal({ code: 0, out: 'ANA', err: '' });
  });

  it('helps and tells its version with exit code 0', async () => {
    expect(await run('--help'))
      .to.include({ code: 0, err: '' })
      .with.property('out')
      .that.contains('greet');
    expect(await run('--version')).to.deep.equal({ code: 0, out: '1.2.3\n', err: '' });
  });

  for (const args of [['greet'], ['greet', 'ana', 'bob'], ['greet', 'ana', '--quiet'], ['--quiet'], ['dance'], []]) {
    it(`refuses "${args.join(' ')}" with exit code 2 and a hint`, async () => {
      const { code, err } = await run(...args);
      expect(code).to.equal(2);
      expect(err).to.match(/angelis --help|Usage:/u);
    });
  }

  it('fails with exit code 1, the reason and its cause', async () => {
    expect(await run('greet', 'nobody')).to.deep.equal({
      code: 1,
      out: '',
      err: 'angelis: there is nobody: name someone\n  because: empty room',
    });
  });
});

describe('bin/angelis.js', function () {
  this.timeout(20_000);
  const bin = join(import.meta.dirname, '..', '..', '..', 'bin', 'angelis.js');

  it('runs the command and passes its output and exit code on', () => {
    const angelis = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });
    const version = angelis('--version');
    expect(version.stdout).to.match(/^\d+\.\d+\.\d+\n$/u);
    expect([version.status, version.stderr]).to.deep.equal([0, '']);
    const wrong = angelis('--wrong');
    expect(wrong.status).to.equal(2);
    expect(wrong.stderr).to.contain("unknown option '--wrong'");
  });

  it('runs a build where there are no sources, and hands it signals, arguments and the way it ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'angelis-bin-'));
    try {
      await cp(bin, join(folder, 'bin', 'angelis.js'));
      await mkdir(join(folder, 'dist', 'src'), { recursive: true });
      await mkdir(join(folder, 'dist', 'config'));
      await writeFile(join(folder, 'dist', 'config', 'node.env'), 'NODE_OPTIONS=--max-semi-space-size=2');
      await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
      await writeFile(
        join(folder, 'dist', 'src', 'cli.js'),
        `process.on('SIGTERM', () => process.exit(7));
        setInterval(() => undefined, 1000);
        console.log(process.argv[2], process.env.NODE_OPTIONS);`,
      );
      for (const [signal, status] of [
        ['SIGTERM', 7],
        ['SIGINT', 128 + 2],
      ] as const) {
        const child = spawn(process.execPath, [join(folder, 'bin', 'angelis.js'), 'ready'], { stdio: 'pipe' });
        const [line] = await once(child.stdout, 'data');
        expect(String(line)).to.equal('ready --max-semi-space-size=2\n');
        child.kill(signal);
        expect(await once(child, 'exit')).to.deep.equal([status, null]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

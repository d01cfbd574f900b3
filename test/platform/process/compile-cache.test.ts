import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const SCRIPT = `
  import { getCompileCacheDir } from 'node:module';
  import { keepCompiledCode } from './src/platform/process/compile-cache.ts';
  keepCompiledCode();
  process.stdout.write(getCompileCacheDir());`;

describe('compiled code', () => {
  const kept = (folder: string | undefined): string => {
    const { NODE_COMPILE_CACHE: _, ...env } = process.env;
    const args = ['--input-type=module', '--eval', SCRIPT];
    const given = folder === undefined ? env : { ...env, NODE_COMPILE_CACHE: folder };
    return spawnSync(process.execPath, args, { cwd: ROOT, env: given, encoding: 'utf8' }).stdout;
  };

  it('is kept beside the packages, or in the folder that the environment names', () => {
    expect(kept(undefined)).to.satisfy((path: string) =>
      path.startsWith(join(ROOT, 'node_modules', '.cache', 'angelis')),
    );
    const other = mkdtempSync(join(tmpdir(), 'angelis-compiled-'));
    expect(kept(other)).to.satisfy((path: string) => path.startsWith(other));
    rmSync(other, { recursive: true });
  });
});

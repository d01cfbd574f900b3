import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface SourceFile {
  path: string;
  text: string;
}

const isText = (content: Buffer): boolean => !content.subarray(0, 8000).includes(0);

/** The text files that git knows or would add, without the lock file. */
export const sourceFiles = (): SourceFile[] =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && path !== 'package-lock.json' && existsSync(path))
    .flatMap((path) => {
      const content = readFileSync(path);
      return isText(content) ? [{ path, text: content.toString('utf8') }] : [];
    });

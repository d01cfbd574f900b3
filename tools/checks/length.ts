import type { SourceFile } from './files.ts';

const most = 400;

/** Code files that are too long to be read in one go. */
export const longFiles = (files: readonly SourceFile[]): string[] =>
  files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1;
    return /\.(?:ts|js|mjs)$/u.test(path) && lines > most
      ? [`${path} has ${lines} lines: split it, ${most} are the most`]
      : [];
  });

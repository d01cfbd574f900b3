import type { CheckResult } from '../../platform/checks/check.ts';

export interface Report {
  /** Told of each result as it comes. */
  readonly tell: (result: CheckResult) => void;
  /** Told when all are there. */
  readonly end: (results: readonly CheckResult[]) => void;
}

const line = ({ name, ok, skipped, ms, error, advice, figures }: CheckResult): string => {
  if (skipped === true) return `- ${name}: not asked`;
  if (!ok) return `✖ ${name}: ${error ?? 'unknown'}\n    ${advice ?? ''}`;
  const shown = Object.entries(figures ?? {}).map(([key, value]) => `${key} ${String(value)}`);
  return `✔ ${name} (${[...shown, `${ms} ms`].join(', ')})`;
};

/** Shows results on standard output: line by line as they come, or one JSON document at the end. */
export const createReport = (options: {
  readonly json: boolean;
  readonly version: string;
  readonly names: readonly string[];
  /** What was not looked at, and why. */
  readonly notes: readonly string[];
}): Report => {
  const { json, version, names, notes } = options;
  const waiting = new Set(names);
  const progress = (): void => {
    if (!process.stderr.isTTY) return;
    const text = waiting.size === 0 ? '' : `… ${[...waiting].join(', ')}`.slice(0, (process.stderr.columns ?? 80) - 1);
    process.stderr.write(`\r\u001B[K${text}`);
  };
  progress();
  return {
    tell: (result) => {
      waiting.delete(result.name);
      if (!json) {
        if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
        process.stdout.write(`${line(result)}\n`);
      }
      progress();
    },
    end: (results) => {
      const ok = results.every((result) => result.ok);
      if (json) process.stdout.write(`${JSON.stringify({ ok, version, notes, checks: results }, null, 2)}\n`);
      else for (const note of notes) process.stdout.write(`- ${note}\n`);
    },
  };
};

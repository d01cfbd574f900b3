// The faults, on the servers of its environment: test/faults/main.ts runs it.
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { Fault, Figures } from './fault.ts';
import { flush } from './flush.ts';
import { forgeries } from './forgeries.ts';
import { kills } from './kills.ts';
import { memory } from './memory.ts';
import { outages } from './outages.ts';
import { restarts } from './restarts.ts';
import { revocation } from './revocation.ts';
import { openStage } from './stage.ts';
import { takeover } from './takeover.ts';
import { uploads } from './uploads.ts';

const FAULTS: readonly Fault[] = [kills, ...outages, flush, takeover, restarts, revocation, forgeries, uploads, memory];
/** A line of progress at most this often, ms. */
const SAY_EVERY = 5_000;
const MOST_NOTES = 30;

const some = (given: string): readonly Fault[] =>
  given.split(',').map((name) => {
    const found = FAULTS.find((fault) => fault.name === name);
    if (found === undefined)
      throw new InvalidArgumentError(`the faults are ${FAULTS.map((fault) => fault.name).join(', ')}.`);
    return found;
  });
const {
  short = false,
  json,
  only = FAULTS.filter(({ onlyFull }) => !(short && onlyFull)),
} = new Command('faults')
  .option('--short', 'a small part of each, about a minute in all')
  .option('--only <names>', 'these faults, apart by commas', some)
  .option('--json <file>', 'writes the figures to a file, too')
  .parse()
  .opts<{ short?: boolean; only?: readonly Fault[]; json?: string }>();

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const progressOf = (name: string): ((text: string) => void) => {
  let last = -Infinity;
  return (text) => {
    if (performance.now() - last < SAY_EVERY) return;
    last = performance.now();
    say(`${name}: ${text}`);
  };
};
const seconds = (begun: number): string => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
const row = ({ name, tried, lost, doubled, recoverySeconds, ok }: Figures & { name: string }): string =>
  `| ${[name, tried, lost, doubled, recoverySeconds?.toFixed(1) ?? '–', ok ? 'yes' : '**no**'].join(' | ')} |`;

if (!short) {
  const left = only.reduce((sum, { minutes }) => sum + minutes, 0);
  say(`about ${left} minutes on two quiet cores: ${only.map(({ name, minutes }) => `${name} ${minutes}`).join(', ')}`);
}
const opening = openStage();
let closing: Promise<void> | undefined;
const close = (): Promise<void> => (closing ??= opening.then((stage) => stage.close()));
const leave = (code: number, why: string): void => {
  say(why);
  // A server that a fault has just taken away answers nothing: it goes as it is.
  void Promise.race([close(), sleep(10_000)])
    .catch((error: unknown) => say(String(error)))
    .finally(() => process.exit(code));
};
process.on('SIGINT', () => leave(130, 'stopping'));
process.on('uncaughtException', (error) => leave(1, error.stack ?? error.message));
const stage = await opening;

const attempt = async (fault: Fault): Promise<Figures> => {
  try {
    return await fault.run({ short, progress: progressOf(fault.name), stage });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { tried: 0, lost: 0, doubled: 0, recoverySeconds: null, ok: false, notes: [text] };
  } finally {
    await stage.rest();
  }
};

const results: (Figures & { name: string })[] = [];
try {
  for (const fault of only) {
    const begun = performance.now();
    say(`${fault.name} …`);
    const figures = await attempt(fault);
    results.push({ name: fault.name, ...figures });
    say(`${fault.name}: ${figures.ok ? 'ok' : 'NOT OK'} after ${seconds(begun)}`);
    for (const note of figures.notes.slice(0, MOST_NOTES)) say(`  ${note}`);
  }
} finally {
  await close();
}
process.stdout.write(
  `\n| Fault | Tried | Lost | Doubled | Recovery, s | ok |\n|---|---|---|---|---|---|\n${results.map(row).join('\n')}\n\n`,
);
process.stdout.write(
  `${results.filter(({ ok }) => ok).length} faults borne, ${results.filter(({ ok }) => !ok).length} not\n`,
);
const faults = results.map(({ name, tried, lost, doubled, recoverySeconds, ok }) => ({
  name,
  tried,
  lost,
  doubled,
  recoverySeconds,
  ok,
}));
if (json !== undefined) await writeFile(json, `${JSON.stringify({ faults }, null, 2)}\n`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

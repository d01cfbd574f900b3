// The faults, on the servers of its environment: test/faults/main.ts runs it.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { Fault, Figures } from './fault.ts';
import { flush } from './flush.ts';
import { forgeries } from './forgeries.ts';
import { guesses } from './guesses.ts';
import { kills } from './kills.ts';
import { memory } from './memory.ts';
import { shortened } from './notes.ts';
import { outages } from './outages.ts';
import { restarts } from './restarts.ts';
import { revocation } from './revocation.ts';
import { openStage } from './stage.ts';
import { takeover } from './takeover.ts';
import { uploads } from './uploads.ts';
import { inTime, waitedFor } from './waiting.ts';

const FAULTS: readonly Fault[] = [
  kills,
  ...outages,
  flush,
  takeover,
  restarts,
  revocation,
  forgeries,
  guesses,
  uploads,
  memory,
];
/** A line of progress at most this often, ms. */
const SAY_EVERY = 5_000;
/** Longest that a fault takes, ms: nothing in it waits as long. A full one is given six times what it says. */
const LONGEST = 1_200_000;
const MINUTE = 60_000;
const FULL_TIMES = 6;
/** Longest that what a fault has begun takes to end, ms. */
const ENDING = 60_000;

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
const results: (Figures & { name: string })[] = [];
/** The fault that is under way. */
let current: string | undefined;
let isReported = false;
/** The table, and the JSON where it is wanted, of what there is; once. */
const report = (): void => {
  if (isReported) return;
  isReported = true;
  const borne = results.filter(({ ok }) => ok).length;
  process.stdout.write(
    `\n| Fault | Tried | Lost | Doubled | Recovery, s | ok |\n|---|---|---|---|---|---|\n${results.map(row).join('\n')}\n\n`,
  );
  process.stdout.write(`${borne} faults borne, ${results.length - borne} not\n`);
  if (json === undefined) return;
  const faults = results.map(({ name, tried, lost, doubled, recoverySeconds, ok, notes }) => ({
    name,
    tried,
    lost,
    doubled,
    recoverySeconds,
    ok,
    notes,
  }));
  writeFileSync(json, `${JSON.stringify({ faults }, null, 2)}\n`);
};
const brokenOff = (why: string): Figures => ({
  tried: 0,
  lost: 0,
  doubled: 0,
  recoverySeconds: null,
  ok: false,
  notes: [`WRONG: ${why}`],
});
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
let isLeaving = false;
const leave = (code: number, why: string): void => {
  if (isLeaving) return;
  isLeaving = true;
  say(why);
  // Without a stage none was tried: no figures are no good ones.
  if (current === undefined && results.length === 0)
    for (const { name } of only) results.push({ name, ...brokenOff(why) });
  if (current !== undefined)
    results.push({ name: current, ...brokenOff([why, ...waitedFor().map((what) => `waited for ${what}`)].join('; ')) });
  report();
  // A server that a fault has just taken away answers nothing: it goes as it is.
  void Promise.race([close(), sleep(10_000)])
    .catch((error: unknown) => say(String(error)))
    .finally(() => process.exit(code));
};
process.on('SIGINT', () => leave(130, 'stopping'));
process.on('uncaughtException', (error) => leave(1, error.stack ?? error.message));
const stage = await opening;

const attempt = async (fault: Fault): Promise<Figures> => {
  const ends: (() => void | Promise<void>)[] = [];
  const context = {
    short,
    progress: progressOf(fault.name),
    after: (end: () => void | Promise<void>) => ends.push(end),
    stage,
  };
  const most = short ? LONGEST : Math.max(LONGEST, FULL_TIMES * fault.minutes * MINUTE);
  try {
    return await inTime(fault.name, fault.run(context), most);
  } catch (error) {
    return brokenOff(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    const ending = async (): Promise<void> => {
      for (const end of ends.toReversed()) await Promise.try(end).catch((error: unknown) => say(String(error)));
      await stage.rest();
    };
    await inTime(`the end of ${fault.name}`, ending(), ENDING).catch((error: unknown) => say(String(error)));
  }
};

try {
  for (const fault of only) {
    const begun = performance.now();
    say(`${fault.name} …`);
    current = fault.name;
    const figures = await attempt(fault);
    current = undefined;
    results.push({ name: fault.name, ...figures });
    say(`${fault.name}: ${figures.ok ? 'ok' : 'NOT OK'} after ${seconds(begun)}`);
    for (const note of shortened(figures.notes)) say(`  ${note}`);
  }
} finally {
  report();
  await inTime('the end', close(), ENDING);
}
process.exitCode ??= results.every(({ ok }) => ok) ? 0 : 1;
// What a fault that was given up still holds open holds nobody up.
setTimeout(() => process.exit(), 5_000).unref();

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createTurns, testsBetween, writeTests } from '../../src/demo/devices.ts';
import type { SimulatedTests, TurnsAt } from '../../src/demo/devices.ts';
import { loadedDemo } from '../../src/demo/mark.ts';
import { createRandom } from '../../src/demo/random.ts';
import { createSourceFeeder } from '../../src/modules/fitness/sources/feeder.ts';
import type { RunningNote } from '../../src/wiring/running-note.ts';
import { createDemoPlace } from '../support/demo.ts';
import type { DemoPlace, RunningDemo } from '../support/demo.ts';
import { judged } from './fault.ts';
import type { Fault } from './fault.ts';

/** Times as fast as in life. */
const SPEED = 20;
const ROUND = 1_000;
const HOUR = 3_600_000;
/** The first third of the minutes warms up; then memory may grow by so much. A short run hardly warms up. */
const FULL = { minutes: 15, growth: 0.1 };
const SHORT = { minutes: 1, growth: 0.5 };
/** A token lives for five minutes, rounds. */
const RENEW_EVERY = 120;
/** What people look at meanwhile, one after the other. */
const READS = ['/auth/me', '/supervisor/board', '/fitness/results?limit=50', '/fitness/cases'];

/** Resident memory of a process, MB. */
const memoryOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/mu.exec(status)![1]) / 1_024;
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** An hour before the time at which most shifts of the last day began: what is measured does not hang on the hour. */
const beforeMostShifts = (turnsAt: TurnsAt, now: number): number => {
  const starts = Array.from({ length: 24 }, (_, hour) => turnsAt(new Date(now - hour * HOUR)))
    .flat()
    .map(({ shift }) => shift.startsAt.getTime())
    .filter((start) => start <= now);
  const [most] = [...Map.groupBy(starts, (start) => start).values()].toSorted((a, b) => b.length - a.length);
  return most![0]! - HOUR;
};

/** The same tests, taken now. */
const takenAt = ({ safer, fit2000 }: SimulatedTests, now: Date): SimulatedTests => ({
  safer: safer.map((row) => ({
    ...row,
    startedAt: new Date(now.getTime() - (row.finishedAt.getTime() - row.startedAt.getTime())),
    finishedAt: now,
  })),
  fit2000: fit2000.map((row) => ({ ...row, testedAt: now })),
});

/** Feeds both sources and looks at screens; answers the memory of each second. */
const feed = async (
  place: DemoPlace,
  note: RunningNote,
  { minutes, progress }: { minutes: number; progress: (text: string) => void },
) => {
  const connectionString = Object.assign(new URL(note.superuserUrl), { pathname: '/angelis' }).href;
  const pool = new pg.Pool({ connectionString, max: 1 });
  const { safer, fit2000 } = note.sources;
  const feeder = createSourceFeeder({ safer: safer.writeUrl, fit2000: fit2000.writeUrl });
  try {
    const loaded = await loadedDemo(pool);
    const turnsAt = createTurns(loaded!.plan);
    const wrong = new Set<string>();
    let token = '';
    const samples: number[] = [];
    let [rows, reads] = [0, 0];
    const begun = Date.now();
    const start = beforeMostShifts(turnsAt, begun);
    let from = new Date(start);
    for (const until = begun + minutes * 60_000; Date.now() < until; await sleep(ROUND)) {
      const now = new Date();
      const to = new Date(start + SPEED * (now.getTime() - begun));
      const tests = takenAt(testsBetween(turnsAt, from, to, createRandom(`memory/${to.getTime()}`)), now);
      from = to;
      await writeTests(feeder, tests);
      rows += tests.safer.length + tests.fit2000.length;
      if (reads % RENEW_EVERY === 0) token = (await place.angelis('token', '--as', 'supervisor')).trim();
      const path = READS[(reads += 1) % READS.length]!;
      const response = await fetch(`${place.url}/angelis${path}`, { headers: { authorization: `Bearer ${token}` } });
      await response.arrayBuffer();
      if (response.status !== 200) wrong.add(`${path}: ${response.status}`);
      samples.push(await memoryOf(note.pid));
      progress(`${rows} tests, ${samples.at(-1)!.toFixed(0)} MB`);
    }
    return { samples, rows, reads, wrong: [...wrong] };
  } finally {
    await feeder.close();
    await pool.end();
  }
};

/** The demo's devices at twenty times their speed: after the first five minutes memory stays where it is. */
export const memory: Fault = {
  name: 'memory',
  minutes: 16,
  onlyFull: true,
  run: async ({ short, progress }) => {
    const { minutes, growth: most } = short ? SHORT : FULL;
    const { PATH, HOME } = process.env;
    const place = await createDemoPlace({ PATH, HOME });
    let demo: RunningDemo | undefined;
    try {
      demo = await place.start();
      const note = JSON.parse(await readFile(join(place.folder, 'data', 'running.json'), 'utf8')) as RunningNote;
      const { samples, rows, reads, wrong } = await feed(place, note, { minutes, progress });
      const warm = samples.slice(Math.floor(samples.length / 3));
      const fifth = Math.floor(warm.length / 5);
      const [first, last] = [median(warm.slice(0, fifth)), median(warm.slice(-fifth))];
      const growth = last / first - 1;
      const text = `${first.toFixed(0)} MB after the warm-up, ${last.toFixed(0)} MB at the end`;
      return judged(
        { tried: rows, lost: 0, doubled: 0, recoverySeconds: null },
        [...wrong, ...(growth > most ? [`memory grew by ${(growth * 100).toFixed(0)} %: ${text}`] : [])],
        [`${text}; ${rows} tests and ${reads} reads in ${minutes} min, web and jobs in one process`],
      );
    } finally {
      await demo?.interrupt();
      await place.remove();
    }
  },
};

import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, createCommander } from './commands.ts';
import { addCrew } from './crew.ts';
import { judged, patienceOf } from './fault.ts';
import type { Fault, FaultContext } from './fault.ts';
import { cutBy } from './judgement.ts';
import { startLoad } from './load.ts';
import type { Member } from './members.ts';
import { settled, wholeOutcome } from './outcome.ts';
import { PARTS } from './parts.ts';
import type { Outage, PartOutage, Place } from './parts.ts';
import { holdsWithin, waitFor } from './waiting.ts';

/** Enough that nobody sends 600 requests in a minute, which is what the product lets a person do. */
const CREW = { full: { companies: 2, hands: 7 }, short: { companies: 1, hands: 12 } };
/** So many of them only try whether exports work. */
const PROBES = 4;
/** How long a part that is away may go unnoticed by readiness, and by the checks of the private port, ms. */
const NOTICED = 5_000;
const CHECKED = 60_000;
const LOOK_EVERY = 100;
/** Between the return of a part and its next loss at most, ms. */
const WITHIN = 300;

const ready = async ({ url }: Member): Promise<number | undefined> =>
  (await ask(`${url}/angelis/health/ready`, {}))?.status;

const within = (most: number, holds: () => Promise<boolean>): Promise<boolean> =>
  holdsWithin(holds, { most, every: LOOK_EVERY });

/** Whether the private port of a process says that a check fails. */
const isNamed = async ({ figures }: Member, check: string): Promise<boolean> => {
  const answer = await fetch(`${figures}/health/detail`).catch(() => undefined);
  if (answer === undefined) return false;
  const { checks } = (await answer.json()) as { checks: { name: string; ok: boolean }[] };
  return checks.some(({ name, ok }) => name === check && !ok);
};

/** Takes a part away and brings it back. Answers the ms from its return until all worked again. */
const goAndReturn = async (
  { name, isHard, check }: PartOutage,
  outage: Outage,
  { webs }: Place,
  { isFirst, blame }: { isFirst: boolean; blame: (what: string) => void },
): Promise<number> => {
  await outage.away();
  const status = isHard ? 503 : 200;
  for (const web of webs)
    if (!(await within(NOTICED, async () => (await ready(web)) === status)))
      blame(`readiness is not ${status} while ${name} is away`);
  const found = await outage.meanwhile?.();
  if (found !== undefined) blame(found);
  if (isFirst && !(await within(CHECKED, () => isNamed(webs[0]!, check)))) blame(`no process names the check ${check}`);
  await outage.back();
  const begun = performance.now();
  await outage.works();
  for (const web of webs)
    await waitFor(`a web is ready after ${name} is back`, async () => (await ready(web)) === 200, {
      every: LOOK_EVERY,
    });
  return performance.now() - begun;
};

const run = async (part: PartOutage, { short, progress, after, stage }: FaultContext) => {
  const times = short ? (part.brief ?? part.times) : part.times;
  const { all: members, webs, jobs } = await stage.standing();
  const size = CREW[short ? 'short' : 'full'];
  const crew = await addCrew(stage, size.companies, size.hands);
  const [probes, hands] = [crew.slice(0, PROBES), crew.slice(PROBES)];
  const companies = [...new Set(crew.map(({ companyId }) => companyId))];
  const commander = createCommander();
  const place: Place = { stage, webs, hands, probes, commander };
  const wrong = new Map<string, number>();
  const blame = (what: string): void => void wrong.set(what, (wrong.get(what) ?? 0) + 1);
  const outage = await part.open(place);
  const load = startLoad(hands, webs, commander);
  let slowest = 0;
  let isThere = true;
  // Others come after this one: nothing of it goes on, and the part is there.
  after(async () => {
    commander.giveUp();
    await Promise.allSettled([load.stop(), isThere || outage.back()]);
  });
  for (let n = 0; n < times; n += 1) {
    isThere = false;
    slowest = Math.max(slowest, await goAndReturn(part, outage, place, { isFirst: n === 0 && !short, blame }));
    isThere = true;
    for (const member of members)
      if (!member.runs()) throw new Error(`a ${member.role} process ended: ${member.log().slice(-4_000)}`);
    progress(`${n + 1} of ${times}, ${commander.commands.length} commands`);
    await sleep(randomInt(WITHIN));
  }
  await load.stop();
  const unfinished = await settled(stage, companies, progress);
  const mostCopies = part.cutsSends ? cutBy(times, jobs.length) : 0;
  const whole = await wholeOutcome(stage, crew, commander.commands, mostCopies);
  const own = (await outage.outcome?.()) ?? { lost: [], doubled: [] };
  await outage.close?.();
  const lost = [...whole.lost, ...own.lost];
  const doubled = [...whole.doubled, ...own.doubled];
  const refused = commander.refused() + load.refused();
  const seconds = slowest / 1_000;
  const most = part.most * patienceOf(short);
  return judged(
    { tried: times, lost: lost.length, doubled: doubled.length, recoverySeconds: seconds },
    [
      ...[...wrong, ...commander.wrong, ...load.wrong].map(([what, count]) => `${count} × ${what}`),
      ...lost.map((what) => `lost: ${what}`),
      ...doubled.map((what) => `doubled: ${what}`),
      ...(commander.unanswered() > 0 ? [`${commander.unanswered()} commands without an answer`] : []),
      ...(!part.isHard && refused > 0 ? [`${refused} requests refused that need no ${part.name}`] : []),
      ...unfinished.map((what) => `never came to a good end: ${what}`),
      ...(seconds > most ? [`it took ${seconds.toFixed(1)} s to work again; ${most} s are due`] : []),
    ],
    [
      `${commander.commands.length} commands, ${refused} tries refused with 503 and Retry-After`,
      `${whole.copies} mails again under one Message-ID, where at most ${mostCopies} may be`,
    ],
  );
};

/** Each part, taken away under load and brought back. A short run takes all but PostgreSQL away at once. */
export const outages: readonly Fault[] = PARTS.map((part) => ({
  name: part.name,
  minutes: part.minutes,
  ...(part.brief === undefined && { onlyFull: true as const }),
  run: (context) => run(part, context),
}));

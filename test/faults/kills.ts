import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCommander } from './commands.ts';
import type { Commander } from './commands.ts';
import { addCrew } from './crew.ts';
import type { Hand } from './crew.ts';
import { judged } from './fault.ts';
import type { Fault } from './fault.ts';
import { cutBy } from './judgement.ts';
import { settled, wholeOutcome } from './outcome.ts';
import type { Member } from './members.ts';

const FULL = { commits: 10_000, kills: 200, companies: 4, hands: 20, clients: 12 };
const SHORT = { commits: 300, kills: 4, companies: 1, hands: 10, clients: 6 };
/** Of ten commands one asks for an export, where somebody may; of the others, leave, as many carry an Idempotency-Key. */
const EXPORT_EVERY = 10;
const KEYED = 0.8;
/** A kill comes this long after its share of the commands was begun, ms. */
const WITHIN = 500;

/** Kills members and starts them again, without waiting until they serve. */
const createKiller = (members: readonly Member[]) => {
  let longest = 0;
  const starting = new Map<Member, Promise<void>>();
  const begin = async (member: Member): Promise<void> => {
    const begun = performance.now();
    await member.start();
    longest = Math.max(longest, performance.now() - begun);
    starting.delete(member);
  };
  return {
    /** One of a role that serves; resolves when it is dead. */
    kill: async (role: Member['role']): Promise<void> => {
      const serving = (): Member[] => members.filter((member) => member.role === role && !starting.has(member));
      while (serving().length === 0) await Promise.race(starting.values());
      const alive = serving();
      const victim = alive[randomInt(alive.length)]!;
      await victim.kill();
      const begun = begin(victim);
      // It is awaited in the end; until then nobody hears of it.
      begun.catch(() => undefined);
      starting.set(victim, begun);
    },
    /** Resolves with the longest time from a kill until the process served again, ms. */
    finish: async (): Promise<number> => {
      await Promise.all(starting.values());
      return longest;
    },
  };
};

/** Some clients at once give a share of the commands. */
const sendShare = async (
  { commands, exporter, send }: Commander,
  hands: readonly Hand[],
  { share, clients, url }: { share: number; clients: number; url: () => string },
): Promise<void> => {
  let left = share;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const n = commands.length;
      const free = n % EXPORT_EVERY === 0 ? exporter(hands) : undefined;
      if (free !== undefined) await send('export', free, { keyed: true, url });
      else await send('leave', hands[n % hands.length]!, { keyed: Math.random() < KEYED, url });
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
};

/** kill -9 of web and jobs at random moments, while people give commands. */
export const kills: Fault = {
  name: 'kills',
  minutes: 20,
  run: async ({ short, progress, after, stage }) => {
    const scale = short ? SHORT : FULL;
    const { all: members, webs } = await stage.standing();
    const hands = await addCrew(stage, scale.companies, scale.hands);
    const url = (): string => webs[randomInt(webs.length)]!.url;
    const commander = createCommander();
    const { commands, wrong } = commander;
    after(commander.giveUp);
    const killer = createKiller(members);
    let jobsKilled = 0;
    const share = Math.ceil(scale.commits / scale.kills);
    for (let n = 0; n < scale.kills; n += 1) {
      const sent = sendShare(commander, hands, { share, clients: scale.clients, url });
      sent.catch(() => undefined);
      await sleep(randomInt(WITHIN));
      const role = n % 2 === 0 ? 'web' : 'jobs';
      await killer.kill(role);
      if (role === 'jobs') jobsKilled += 1;
      await sent;
      progress(`${n + 1} of ${scale.kills} kills, ${commands.length} of ${scale.commits} commands`);
    }
    const longest = await killer.finish();
    const companies = [...new Set(hands.map(({ companyId }) => companyId))];
    const unfinished = await settled(stage, companies, progress);
    const mostCopies = cutBy(jobsKilled);
    const { lost, doubled, copies } = await wholeOutcome(stage, hands, commands, mostCopies);
    const exports = commands.filter(({ kind }) => kind === 'export').length;
    const unknown = commands.filter(({ outcome }) => outcome === 'unknown').length;
    return judged(
      {
        tried: commands.length,
        lost: lost.length,
        doubled: doubled.length,
        recoverySeconds: longest / 1_000,
      },
      [
        ...[...wrong].map(([what, count]) => `${count} × ${what}`),
        ...lost.map((what) => `lost: ${what}`),
        ...doubled.map((what) => `doubled: ${what}`),
        ...unfinished.map((what) => `never came to a good end: ${what}`),
      ],
      [
        `${scale.kills} kills, ${exports} exports; ${commander.unanswered()} tries without an answer, ${commander.refused()} refused; ${unknown} commands without a key never answered`,
        `${copies} mails again under one Message-ID, where at most ${mostCopies} may be`,
      ],
    );
  },
};

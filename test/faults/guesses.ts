import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BRUTE_FORCE } from '../../src/platform/identity-provider/realm.ts';
import { addLogin } from '../support/people.ts';
import { PASSWORD } from './crew.ts';
import { judged } from './fault.ts';
import type { Fault } from './fault.ts';
import { rankTest } from './rank-test.ts';
import type { Stage } from './stage.ts';

/** Tries of each kind in one batch: locks last five minutes, so that each batch has accounts of its own. */
const BATCH = 125;
const BATCHES = { full: 4, short: 1 };
/** Tries at once. */
const HANDS = 8;
/** Accounts that are named more than once in a batch: few enough to be locked soon, enough for ten tries a minute each. */
const OTHERS = 25;
/** In one of a hundred runs at most, six pairs by chance differ as much. */
const LEAST = 0.01 / 6;
/** Two wrong passwords apart by this, ms, are no robot's. */
const APART = BRUTE_FORCE.quickLoginMs + 200;

const KINDS = ['unknown', 'known', 'locked', 'other company'] as const;
type Kind = (typeof KINDS)[number];

interface Answer {
  readonly kind: string;
  readonly milliseconds: number;
  /** Its status, and of a refusal all that it says, but for the time and the trace id. */
  readonly text: string;
}

interface Guess {
  readonly identifier: string;
  readonly password: string;
}

const WRONG = 'una clave equivocada';

const addPeople = async (stage: Stage, companyId: string, count: number): Promise<readonly string[]> => {
  const emails = Array.from({ length: count }, () => `${randomUUID()}@example.cl`);
  for (const email of emails)
    await addLogin(stage, { companyId, roles: ['worker'], login: { email, password: PASSWORD } });
  return emails;
};

const shuffled = <T>(values: readonly T[]): T[] =>
  values
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ value }) => value);

/** Runs the works, so many at once, in their order. */
const atOnce = async (works: readonly (() => Promise<void>)[], hands: number): Promise<void> => {
  const left = works.values();
  const hand = async (): Promise<void> => {
    for (const work of left) await work();
  };
  await Promise.all(Array.from({ length: hands }, hand));
};

/** How often each kind had which answer, where not all had the same. */
const differing = (answers: readonly Answer[]): string | undefined => {
  const texts = Map.groupBy(answers, ({ text }) => text);
  if (texts.size === 1 && answers[0]!.text.startsWith('401 ')) return undefined;
  const counts = [...texts].flatMap(([text, all]) =>
    [...Map.groupBy(all, ({ kind }) => kind)].map(([kind, { length }]) => `${kind} ${length} times ${text}`),
  );
  return `not alike: ${counts.join('; ')}`;
};

/** Whether Keycloak takes this person's own password. */
const isTaken = ({ identityProvider }: Stage, username: string): Promise<boolean> =>
  identityProvider.passwordGrant({ username, password: PASSWORD, address: '198.51.100.202' }).then(
    () => true,
    () => false,
  );

/** Locks for five minutes: wrong passwords that come one by one, as those of somebody who types. */
const lock = async ({ identityProvider }: Stage, emails: readonly string[]): Promise<void> => {
  for (let n = 0; n < BRUTE_FORCE.failures; n += 1) {
    for (const username of emails)
      await identityProvider
        .passwordGrant({ username, password: WRONG, address: '198.51.100.202' })
        .catch(() => undefined);
    await sleep(APART);
  }
};

/** Sign-ins that are refused for different reasons, told apart by nothing that they answer, nor by when. */
export const guesses: Fault = {
  name: 'guesses',
  onlyFull: true,
  minutes: 7,
  run: async ({ short, progress, stage }) => {
    const web = await stage.member('web');
    await web.start();
    const [companyId, other] = [await stage.addCompany(), await stage.addCompany()];
    // All name one company: looking for it takes its time, whoever is meant.
    const named = { 'x-company-id': companyId };
    const answers: Answer[] = [];
    const guess = async (kind: string, { identifier, password }: Guess): Promise<void> => {
      // The limits are by address, too.
      const address = `10.${answers.length >> 8}.${Math.floor(Math.random() * 256)}.${answers.length & 255}`;
      const begun = performance.now();
      const response = await fetch(`${web.url}/angelis/auth/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address, ...named },
        body: JSON.stringify({ identifier, password }),
      });
      const body = await response.text();
      const milliseconds = performance.now() - begun;
      const { timestamp: _at, traceId: _trace, ...rest } = JSON.parse(body) as Record<string, unknown>;
      const language = response.headers.get('content-language');
      const says = response.ok ? '' : ` ${language} ${body.length} ${JSON.stringify(rest)}`;
      answers.push({ kind, milliseconds, text: `${response.status}${says}` });
      progress(`${answers.length} tries`);
    };

    const wrong: string[] = [];
    for (let batch = 0; batch < (short ? BATCHES.short : BATCHES.full); batch += 1) {
      progress('people are made, and some of them locked');
      const known = await addPeople(stage, companyId, BATCH);
      const foreign = await addPeople(stage, other, OTHERS);
      const locked = await addPeople(stage, companyId, OTHERS);
      await lock(stage, locked);
      const guessesOf = (n: number): Readonly<Record<Kind, Guess>> => ({
        unknown: { identifier: `${randomUUID()}@example.cl`, password: PASSWORD },
        known: { identifier: known[n]!, password: WRONG },
        locked: { identifier: locked[n % OTHERS]!, password: PASSWORD },
        'other company': { identifier: foreign[n % OTHERS]!, password: PASSWORD },
      });
      const round = (n: number) => {
        const all = guessesOf(n);
        return shuffled(KINDS).map((kind) => () => guess(kind, all[kind]));
      };
      if (batch === 0) {
        // The first of a process are slow, whoever is meant.
        await atOnce(Array.from({ length: HANDS }, (_, n) => round(n)).flat(), HANDS);
        answers.length = 0;
      }
      await atOnce(Array.from({ length: BATCH }, (_, n) => round(n)).flat(), HANDS);
      if (await isTaken(stage, locked[0]!)) wrong.push('a locked account was not locked to the end');
      if (!(await isTaken(stage, known[0]!))) wrong.push('a known account was locked');
    }

    const difference = differing(answers);
    if (difference !== undefined) wrong.push(difference);
    const timesOf = (kind: string): number[] =>
      answers.flatMap((answer) => (answer.kind === kind ? [answer.milliseconds] : []));
    const notes = KINDS.map((kind: string) => {
      const times = timesOf(kind).toSorted((one, another) => one - another);
      const at = (part: number): string => times[Math.floor(part * (times.length - 1))]!.toFixed(1);
      return `${kind}: median ${at(0.5)} ms, 1st and 99th of a hundred ${at(0.01)} and ${at(0.99)}`;
    });
    for (const [index, one] of KINDS.entries())
      for (const another of KINDS.slice(index + 1)) {
        const p = rankTest(timesOf(one), timesOf(another));
        const said = `${one} against ${another}: rank test p = ${p.toPrecision(3)}`;
        if (p < LEAST) wrong.push(`${said}, told apart`);
        else notes.push(said);
      }
    return judged({ tried: answers.length, lost: 0, doubled: 0, recoverySeconds: null }, wrong, notes);
  },
};

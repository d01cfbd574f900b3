// People who sign in over HTTP at the development issuer, and the hash of their password alone, round by round.
import { expect } from 'chai';
import { hashPassword, passwordMatches } from '../../src/platform/identity-provider/dev-issuer/passwords.ts';
import { startApp } from '../support/app.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import { done } from './child.ts';
import { interleave, timed } from './measure.ts';

const { BENCH_DATABASE, BENCH_COMPANY, BENCH_ROUNDS } = process.env as Record<string, string>;
const PEOPLE = 64;
const AT_ONCE = 8;
const PASSWORD = 'grapas y caballos';

const database = openDatabase(BENCH_DATABASE!);
const companyId = BENCH_COMPANY!;
const app = await startApp({ database, observed: false, checkResponses: false });
const root = await database.superuser();
const stored = await hashPassword(PASSWORD);
const emails: string[] = [];
for (let n = 0; n < PEOPLE; n += 1) {
  const email = `sign-in-${n}@example.cl`;
  await addPerson(app, { companyId, roles: ['worker'], login: { email, password: PASSWORD } });
  emails.push(email);
}

/** So many a second, each of the people once. */
const perSecond = async (one: (email: string) => Promise<void>): Promise<number> => {
  const waiting = emails.values();
  const work = async (): Promise<void> => {
    for (const email of waiting) await one(email);
  };
  return (PEOPLE * 1000) / (await timed(() => Promise.all(Array.from({ length: AT_ONCE }, work))));
};

const signIn = async (identifier: string): Promise<void> => {
  const { status } = await fetch(`${app.url}/angelis/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier, password: PASSWORD }),
  });
  expect(status).to.equal(200);
};
const signIns = async (): Promise<number> => {
  // Nobody has a session: none has to end for another.
  await root.query('update session set revoked_at = now() where company_id = $1 and revoked_at is null', [companyId]);
  return perSecond(signIn);
};
const hash = async (): Promise<void> => {
  expect(await passwordMatches(PASSWORD, stored)).to.equal(true);
};

await done(async () => {
  const [whole, hashes] = await interleave([signIns, () => perSecond(hash)], Number(BENCH_ROUNDS));
  return { whole: whole!, hashes: hashes! };
});

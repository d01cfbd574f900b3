// A whole process, with its background work but where it is web only, and people who each open a live stream.
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { plainRecorder } from '../support/changes.ts';
import { startApp } from '../support/app.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import { report } from './child.ts';

const { BENCH_DATABASE, BENCH_COMPANY, BENCH_PEOPLE, BENCH_PROCESS } = process.env as Record<string, string>;

const app = await startApp({
  database: openDatabase(BENCH_DATABASE!),
  background: BENCH_PROCESS !== 'web',
  observed: false,
  checkResponses: false,
  log: pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false })),
});
const companyId = BENCH_COMPANY!;
const admin = await addPerson(app, { companyId, roles: ['admin'] });

/** Workers who are signed in, all of them at once: `addPerson` would have the issuer write down everybody again for each. */
const addWorkers = async (count: number): Promise<{ userId: string; profileId: string; sid: string }[]> => {
  const people = Array.from({ length: count }, () => ({
    userId: uuidv7(),
    personId: uuidv7(),
    profileId: uuidv7(),
    sid: uuidv7(),
  }));
  const users = people.map(({ userId: id }) => ({ id, username: `u-${id}`, firstName: 'Ana', lastName: 'Rojas' }));
  await app.identityProvider.addUsers(
    users.map((user) => ({ ...user, enabled: true, emailVerified: true })),
    'a password nobody uses',
  );
  const at = new Date();
  const ids = [
    people.map((p) => p.personId),
    people.map((p) => p.userId),
    people.map((p) => p.profileId),
    people.map((p) => p.sid),
  ];
  const from = 'from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) p(id, user_id, profile_id, sid)';
  for (const [insert, ...more] of [
    [
      `insert into person (id, keycloak_id, first_name, last_name, locale, status, data_key, created_at, updated_at)
       select p.id, p.user_id, 'Ana', 'Rojas', 'en', 'active', 'none', $5, $5 ${from}`,
      at,
    ],
    [
      `insert into profile (company_id, id, person_id, first_name, last_name, national_id_kind, kind, status, created_at, updated_at)
       select $6, p.profile_id, p.id, 'Ana', 'Rojas', 'RUT', 'employee', 'active', $5, $5 ${from}`,
      at,
      companyId,
    ],
    [
      `insert into person_company (person_id, company_id, profile_id, created_at) select p.id, $6, p.profile_id, $5 ${from}`,
      at,
      companyId,
    ],
    [
      `insert into role_assignment (company_id, id, profile_id, system_role, created_at, updated_at)
       select $6, gen_random_uuid(), p.profile_id, 'worker', $5, $5 ${from}`,
      at,
      companyId,
    ],
    [
      `insert into session (company_id, id, person_id, profile_id, kind, client, sid, last_seen_at, expires_at, created_at, updated_at)
       select $6, gen_random_uuid(), p.id, p.profile_id, 'member', 'worker', p.sid::text, $5, $5::timestamptz + interval '8 hours', $5, $5 ${from}`,
      at,
      companyId,
    ],
  ] as const)
    await app.database.sql(insert, [...ids, ...more]);
  // As autovacuum does within a minute: what was planned for tables of nobody looks through all of them. Of profiles there were many before.
  await app.database.sql('analyze person, person_company, role_assignment, session');
  return people;
};

const people = await addWorkers(Number(BENCH_PEOPLE));
const bearerOf = async ({ userId, sid }: { userId: string; sid: string }): Promise<string> => {
  const token = await app.identityProvider.mint({ user: { id: userId }, client: 'angelis-worker', sid });
  return `Bearer ${token}`;
};
const bearers: string[] = [];
for (let at = 0; at < people.length; at += 50) {
  bearers.push(...(await Promise.all(people.slice(at, at + 50).map(bearerOf))));
  // Thousands of signatures without a break would let the connections of background work time out.
  await setImmediate();
}
const recorder = plainRecorder();
const audience = people.map(({ profileId }) => profileId);
report(
  {
    url: app.url,
    bearer: await admin.bearer(),
    bearers,
  },
  {
    /** Commits one change that all of them hear of; answers the instant, of a clock that all processes share. */
    event: async () => {
      await app.platform.db.write(scopeOf(companyId), (tx) =>
        recorder.event(tx, { entity: 'bench', entityId: companyId, action: 'tell', audience }),
      );
      const committed = performance.timeOrigin + performance.now();
      app.platform.changed?.(companyId);
      return committed;
    },
  },
);

// A whole process with its background work, and people who each open some live streams.
import { pino } from 'pino';
import { inParallel } from '../../src/platform/process/parallel.ts';
import { plainRecorder } from '../support/changes.ts';
import { startApp } from '../support/app.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import { report } from './child.ts';

const { BENCH_DATABASE, BENCH_COMPANY, BENCH_PEOPLE } = process.env as Record<string, string>;

const app = await startApp({
  database: openDatabase(BENCH_DATABASE!),
  background: true,
  observed: false,
  checkResponses: false,
  log: pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false })),
});
const companyId = BENCH_COMPANY!;
const admin = await addPerson(app, { companyId, roles: ['admin'] });
const people: TestPerson[] = [];
await inParallel(Array.from({ length: Number(BENCH_PEOPLE) }), 8, async () => {
  people.push(await addPerson(app, { companyId, roles: ['worker'] }));
});
const recorder = plainRecorder();
const audience = people.map(({ profileId }) => profileId);
report(
  {
    url: app.url,
    bearer: await admin.bearer(),
    bearers: await Promise.all(people.map((person) => person.bearer('angelis-worker'))),
  },
  {
    /** Commits one change that all of them hear of. */
    event: async () => {
      await app.platform.db.write(scopeOf(companyId), (tx) =>
        recorder.event(tx, { entity: 'bench', entityId: companyId, action: 'tell', audience }),
      );
      app.platform.changed?.(companyId);
      return 0;
    },
  },
);

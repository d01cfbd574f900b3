// The whole program with its background work, and somebody who may add people to a company of his own.
import { pino } from 'pino';
import { startApp } from '../support/app.ts';
import { addCompany } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import { report } from './child.ts';

const database = openDatabase(process.env['BENCH_DATABASE']!);
const app = await startApp({
  database,
  background: true,
  observed: false,
  checkResponses: false,
  log: pino({ level: 'silent' }),
});
const companyId = await addCompany(database);
const admin = await addPerson(app, { companyId, roles: ['admin'] });

report(
  { url: `${app.url}/angelis/admin/profile/batch` },
  { who: async () => ({ companyId, authorization: await admin.bearer() }) },
);

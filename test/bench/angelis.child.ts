// The whole system as a process of production composes it: logging to a file, no check of its own answers.
import { pino } from 'pino';
import { startApp } from '../support/app.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import { report } from './child.ts';

const { BENCH_DATABASE, BENCH_COMPANY } = process.env as { BENCH_DATABASE: string; BENCH_COMPANY: string };

const app = await startApp({
  database: openDatabase(BENCH_DATABASE),
  observed: false,
  checkResponses: false,
  log: pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false })),
});
const person = await addPerson(app, { companyId: BENCH_COMPANY, roles: ['admin'] });
report({
  url: `${app.url}/angelis/admin/profile`,
  bearer: await person.bearer(),
  jwksUri: app.identityProvider.jwksUri,
  issuer: app.identityProvider.issuer,
});

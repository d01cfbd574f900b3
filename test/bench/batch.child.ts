// A file of many people through the whole program: uploaded over HTTP, tried, committed by the background work.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { rutCheckDigit } from '../../src/platform/text/rut.ts';
import { startApp } from '../support/app.ts';
import { addCompany } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import { done } from './child.ts';

const { BENCH_DATABASE, BENCH_ROWS } = process.env as Record<string, string>;

interface Upload {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly validCount: number;
  readonly committedCount: number;
  readonly progress: number;
}

const database = openDatabase(BENCH_DATABASE!);
const app = await startApp({
  database,
  background: true,
  observed: false,
  checkResponses: false,
  log: pino({ level: 'silent' }),
});
const companyId = await addCompany(database);
const admin = await addPerson(app, { companyId, roles: ['admin'] });
const base = `${app.url}/angelis/admin/profile/batch`;
const headers = async (more: Record<string, string> = {}) => ({ authorization: await admin.bearer(), ...more });
const count = Number(BENCH_ROWS);
const line = (n: number): string => {
  const body = String(10_000_000 + n);
  return `Name ${n},Surname ${n % 977},${body}-${rutCheckDigit(body)},worker${n}@example.cl,B-${n},employee\n`;
};

const read = async (id: string): Promise<Upload> =>
  (await (await fetch(`${base}/${id}`, { headers: await headers() })).json()) as Upload;
const seen: number[] = [];
const until = async (id: string, status: string, passing: readonly string[]): Promise<Upload> => {
  for (;;) {
    const upload = await read(id);
    if (upload.status === status) return upload;
    expect(passing).to.include(upload.status);
    if (seen.at(-1) !== upload.progress) seen.push(upload.progress);
    await sleep(100);
  }
};

await done(async () => {
  const parts = ['first_name,last_name,rut,email,employee_number,kind\n'];
  for (let n = 0; n < count; n += 1) parts.push(line(n));
  const form = new FormData();
  form.set('file', new Blob(parts, { type: 'text/csv' }), 'people.csv');
  const sent = await fetch(base, { method: 'POST', headers: await headers(), body: form });
  expect(sent.status).to.equal(202);
  const { id } = (await sent.json()) as Upload;
  const tried = await until(id, 'validated', ['uploaded', 'validating']);
  expect(tried.validCount).to.equal(count);
  const asked = await fetch(`${base}/${id}/commit`, {
    method: 'POST',
    headers: await headers({ 'if-match': `"${tried.version}"`, 'content-type': 'application/json' }),
    body: '{}',
  });
  expect(asked.status).to.equal(200);
  const { committedCount } = await until(id, 'committed', ['committing']);
  expect(committedCount).to.equal(count);
  const root = await database.superuser();
  const { rows } = await root.query<{ n: number }>(
    'select count(*)::int as n from profile where company_id = $1 and person_id is null',
    [companyId],
  );
  expect(rows[0]!.n).to.equal(count);
  return { progress: seen };
});

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { rutCheckDigit } from '../../src/platform/text/rut.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { figure, timed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

/** Seconds that a hundred thousand people may take. */
const SECONDS = 60;

interface Upload {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly validCount: number;
  readonly committedCount: number;
  readonly progress: number;
}

interface Who {
  readonly companyId: string;
  readonly authorization: string;
}

const line = (n: number): string => {
  const body = String(10_000_000 + n);
  return `Name ${n},Surname ${n % 977},${body}-${rutCheckDigit(body)},worker${n}@example.cl,B-${n},employee\n`;
};
const fileOf = (people: number): Blob => {
  const parts = ['first_name,last_name,rut,email,employee_number,kind\n'];
  for (let n = 0; n < people; n += 1) parts.push(line(n));
  return new Blob([parts.join('')], { type: 'text/csv' });
};

/** Uploads a file of so many people, tries it, commits it. Answers the steps of its progress that were seen. */
const upload = async (child: Child, file: Blob, people: number): Promise<number[]> => {
  const call = async (path: string, init: RequestInit = {}) => {
    const { authorization } = await child.ask<Who>('who');
    const headers = new Headers(init.headers);
    headers.set('authorization', authorization);
    const answer = await fetch(`${child.url}${path}`, { ...init, headers });
    expect(answer.ok, `${answer.status} ${path}`).to.equal(true);
    return (await answer.json()) as Upload;
  };
  const seen: number[] = [];
  const until = async (id: string, status: string, passing: readonly string[]): Promise<Upload> => {
    for (;;) {
      const found = await call(`/${id}`);
      if (found.status === status) return found;
      expect(passing).to.include(found.status);
      if (seen.at(-1) !== found.progress) seen.push(found.progress);
      await sleep(100);
    }
  };
  const body = new FormData();
  body.set('file', file, 'people.csv');
  const { id } = await call('', { method: 'POST', body });
  const tried = await until(id, 'validated', ['uploaded', 'validating']);
  expect(tried.validCount).to.equal(people);
  await call(`/${id}/commit`, {
    method: 'POST',
    headers: { 'if-match': `"${tried.version}"`, 'content-type': 'application/json' },
    body: '{}',
  });
  const { committedCount } = await until(id, 'committed', ['committing']);
  expect(committedCount).to.equal(people);
  return seen;
};

/** A file of people (a hundred thousand in the large run) from the upload to the last profile: web and background work in one process. */
export const batch = async ({ database, client, uploaded: people }: Place): Promise<Row[]> => {
  const file = fileOf(people);
  const child = await startChild('batch.child', { BENCH_DATABASE: database });
  try {
    let seen: number[] = [];
    const before = await child.cpu();
    const ms = await timed(async () => {
      seen = await upload(child, file, people);
    });
    const cpu = (await child.cpu()) - before;
    const { companyId } = await child.ask<Who>('who');
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from profile where company_id = $1 and person_id is null',
      [companyId],
    );
    expect(rows[0]!.n).to.equal(people);
    expect(seen.length, 'steps of its progress that were seen').to.be.greaterThan(2);
    const work = `batch upload of ${people.toLocaleString('en')} people`;
    return [
      figure({ work, baseline: '–', unit: 's' }, [ms / 1_000], (SECONDS * people) / 100_000),
      figure({ work: 'the same, processor time of the process', baseline: '–', unit: 's' }, [cpu / 1_000]),
      figure({ work: 'the same, resident at most', baseline: '–', unit: 'MiB' }, [await child.peak()], 256),
    ];
  } finally {
    await child.stop();
  }
};

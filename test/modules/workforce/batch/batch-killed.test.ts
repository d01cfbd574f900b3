import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { parseKeyRing } from '../../../../src/platform/crypto/key-ring.ts';
import { rutCheckDigit } from '../../../../src/platform/text/rut.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { killWhereItStands } from '../../../support/killed.ts';
import { openMine, rowOf } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';
import { attemptIn } from './attempt.ts';
import type { Waiting } from './attempt.ts';
import type { KilledOptions, StandStill } from './killed.child.ts';

interface Upload extends Row {
  readonly validCount: number;
  readonly committedCount: number;
  readonly progress: number;
}

const base = '/admin/profile/batch';
/** More than are added at once. */
const PEOPLE = 600;

const line = (n: number): string => {
  const body = String(14_000_000 + n);
  return `Vive,Sobrevive${n},${body}-${rutCheckDigit(body)},K-${n},S-${n}`;
};
const FILE = [
  'first_name,last_name,rut,employee_number,safer_id',
  ...Array.from({ length: PEOPLE }, (_, n) => line(n)),
];

describe('batch uploads of processes that are killed', () => {
  const keys = `k1:${randomBytes(32).toString('base64')}`;
  let app: TestApp;
  let mine: Mine;

  before(async () => {
    const ring = parseKeyRing(keys);
    app = await startApp({ replace: () => ({ keys: { data: ring, lookup: ring, signing: ring, chain: ring } }) });
    mine = await openMine(app);
  });
  after(() => app.close());

  const read = (id: string) => rowOf<Upload>(mine.admin.get(`${base}/${id}`));
  const numbers = async (text: string): Promise<number[]> => {
    const [row] = await app.database.sql<Record<string, number>>(text);
    return Object.values(row!);
  };
  /** The job of an upload that nobody has run to its end. */
  const waitingFor = async (uploadId: string): Promise<Waiting> => {
    const rows = await app.database.sql<{ id: string; job: string }>(
      `select id, job from outbox where payload ->> 'uploadId' = $1 and state = 'waiting'`,
      [uploadId],
    );
    expect(rows).to.have.length(1);
    return { companyId: mine.companyId, outboxId: rows[0]!.id, job: rows[0]!.job };
  };
  /** Begins the job in a process of its own, and kills that where it stands. */
  const killAt = (at: StandStill, waiting: Waiting): Promise<void> => {
    const options: KilledOptions = { at, database: app.database.name, folder: app.folder, keys, waiting };
    return killWhereItStands(new URL('killed.child.ts', import.meta.url), options);
  };
  const files = async (): Promise<string[]> => readdir(`${app.folder}/batch/${mine.companyId}`);

  it('are tried, and add each person once, by another process', async () => {
    const authorization = await mine.people.admin.bearer();
    const sent = app.http.post(`/angelis${base}`).set({ authorization });
    const { id } = await rowOf<Upload>(sent.attach('file', Buffer.from(FILE.join('\n')), 'people.csv'), 202);
    const attempt = attemptIn(app);

    const trying = await waitingFor(id);
    await killAt('reading', trying);
    expect((await read(id)).status).to.equal('validating');
    expect(await numbers('select count(*)::int from batch_row')).to.deep.equal([0]);
    expect(await files()).to.have.length(1);
    await attempt(trying);
    const tried = await read(id);
    expect(tried).to.include({ status: 'validated', validCount: PEOPLE });
    expect(
      await numbers('select count(*)::int as rows, count(distinct row_number)::int as numbers from batch_row'),
    ).to.deep.equal([PEOPLE, PEOPLE]);
    expect(await files()).to.deep.equal([]);

    const people = `select count(*)::int as rows, count(distinct p.national_id_hash)::int as ids,
      (select count(*)::int from system_link) as links,
      (select count(*)::int from change c where c.action = 'profile.create') as changes,
      (select count(*)::int from search_token t where t.kind = 'profile' and t.token like 'sobrevive%') as words
      from profile p where p.first_name = 'Vive'`;
    await rowOf(mine.admin.post(`${base}/${id}/commit`, {}, version(tried.version)));
    const committing = await waitingFor(id);
    await killAt('adding', committing);
    expect(await read(id)).to.include({ status: 'committing', committedCount: 0 });
    expect(await numbers(people)).to.deep.equal([0, 0, 0, 0, 0]);
    await attempt(committing);
    const each = [PEOPLE, PEOPLE, PEOPLE, PEOPLE, PEOPLE];
    expect(await numbers(people)).to.deep.equal(each);
    // As if it had been killed between the last person and the mark that the job is done.
    await app.database.sql(`update outbox set state = 'waiting' where id = $1`, [committing.outboxId]);
    await attempt(await waitingFor(id));
    expect(await read(id)).to.include({ status: 'committed', committedCount: PEOPLE, progress: 100 });
    expect(await numbers(people)).to.deep.equal(each);
    expect(
      await numbers(`select count(*)::int from outbox where state = 'waiting' and job like '%batch%'`),
    ).to.deep.equal([0]);
  }).timeout(60_000);

  it('leave no file behind where the store was away when their dry run was over', async () => {
    const authorization = await mine.people.admin.bearer();
    const sent = app.http.post(`/angelis${base}`).set({ authorization });
    const text = `first_name,last_name,rut\nUna,Olvidada,18100001-${rutCheckDigit('18100001')}\n`;
    const { id } = await rowOf<Upload>(sent.attach('file', Buffer.from(text), 'people.csv'), 202);
    const [attempt, trying] = [attemptIn(app), await waitingFor(id)];
    const { files: store } = app.platform;
    const { remove } = store;
    Object.assign(store, { remove: () => Promise.reject(new Error('the store is away')) });
    try {
      await attempt(trying);
    } finally {
      Object.assign(store, { remove });
    }
    expect(await read(id)).to.include({ status: 'validated', validCount: 1 });
    expect(await files()).to.have.length(1);
    await attempt(trying);
    expect(await files()).to.deep.equal([]);
  });
});

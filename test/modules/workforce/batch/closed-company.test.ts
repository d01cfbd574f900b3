import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { rutCheckDigit } from '../../../../src/platform/text/rut.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { version } from '../../../support/client.ts';
import { itemsOf, openMine, rowOf } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';
import { attemptIn } from './attempt.ts';

const base = '/admin/profile/batch';
const FILES = {
  profiles: `first_name,last_name,rut\nLuz,Tarde,11111111-${rutCheckDigit('11111111')}\n`,
  invitations: 'email,first_name,last_name\nluz@tarde.cl,Luz,Tarde\n',
} as const;

describe('batch uploads that are under way when their company is suspended', () => {
  let app: TestApp;
  let mine: Mine;

  before(async () => {
    app = await startApp();
  });
  after(() => app.close());
  beforeEach(async () => {
    mine = await openMine(app);
  });

  const become = (status: 'active' | 'suspended') =>
    app.database.sql('update company set status = $2, access_epoch = access_epoch + 1 where id = $1', [
      mine.companyId,
      status,
    ]);
  const upload = async (kind: keyof typeof FILES): Promise<Row> => {
    const sent = app.http.post(`/angelis${base}?kind=${kind}`);
    const authorization = await mine.people.admin.bearer();
    return rowOf(sent.set({ authorization }).attach('file', Buffer.from(FILES[kind]), 'people.csv'), 202);
  };
  /** Runs the job of an upload that waits. */
  const run = async ({ id }: Row): Promise<void> => {
    const [waiting] = await app.database.sql<{ id: string; job: string }>(
      `select id, job from outbox where company_id = $1 and payload ->> 'uploadId' = $2 and state = 'waiting'`,
      [mine.companyId, id],
    );
    await attemptIn(app)({ companyId: mine.companyId, outboxId: waiting!.id, job: waiting!.job });
  };
  /** How it ended, as people see it once they are back. */
  const ended = async ({ id }: Row) => {
    await become('active');
    const { status } = await rowOf(mine.admin.get(`${base}/${id}`));
    const errors = await itemsOf<{ code: string }>(mine.admin, `${base}/${id}/errors`);
    const people = await itemsOf(mine.admin, '/admin/profile?q=tarde');
    return { status, codes: errors.map(({ code }) => code), people: people.length };
  };

  for (const kind of ['profiles', 'invitations'] as const) {
    it(`are refused unread (${kind})`, async () => {
      const row = await upload(kind);
      await become('suspended');
      await run(row);
      expect(await ended(row)).to.deep.equal({ status: 'rejected', codes: ['COMPANY_NOT_LIVE'], people: 0 });
      const left = await readdir(app.folder, { recursive: true, withFileTypes: true });
      expect(left.filter((entry) => entry.isFile())).to.deep.equal([]);
    });

    it(`are committed by nobody (${kind})`, async () => {
      const row = await upload(kind);
      await run(row);
      const { version: at } = await rowOf(mine.admin.get(`${base}/${row.id}`));
      await mine.admin.post(`${base}/${row.id}/commit`, {}, version(at)).expect(200);
      await become('suspended');
      await run(row);
      expect(await ended(row)).to.deep.equal({ status: 'failed', codes: ['COMPANY_NOT_LIVE'], people: 0 });
    });
  }
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { systemScope } from '../../../src/platform/db/scope.ts';
import { openHarness } from '../../platform/jobs/harness.ts';
import type { Harness } from '../../platform/jobs/harness.ts';
import { createDeliveryProcess } from './delivery.process.ts';

const CHILD = fileURLToPath(new URL('delivery.child.ts', import.meta.url));
const PEOPLE = 120;

describe('notices whose process is killed in the middle of their mails', () => {
  let harness: Harness;
  before(async () => {
    harness = await openHarness();
  });
  after(() => harness.close());

  const addPeople = async (companyId: string): Promise<string[]> => {
    const ids = Array.from({ length: PEOPLE }, () => uuidv7());
    await harness.admin.query(
      `insert into profile (company_id, id, first_name, last_name, national_id_kind, contact_email, kind, status, created_at, updated_at)
       select $1, id, 'Ana', 'Rojas', 'RUT', 'p' || n || '@example.cl', 'employee', 'active', $3, $3
       from unnest($2::uuid[]) with ordinality as given (id, n)`,
      [companyId, ids, new Date()],
    );
    return ids;
  };

  /** Lets a process send mails until it has begun `count`, and kills it; answers their Message-IDs. */
  const sendAndDie = async (count: number): Promise<string[]> => {
    const child = spawn(process.execPath, [CHILD, JSON.stringify(harness.urls)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'exit');
    let said = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      said += chunk.toString();
      if (said.split('\n').length > count) child.kill('SIGKILL');
    }
    await gone;
    return said.split('\n').filter((line) => line !== '');
  };

  it('are in each list once, and mailed under one Message-ID each', async () => {
    const [companyId] = harness.companies;
    const recipients = await addPeople(companyId);
    const ids: string[] = [];
    const here = createDeliveryProcess(harness.urls, {
      send: ({ messageId }) => Promise.resolve({ providerId: String(ids.push(messageId)) }),
    });
    await here.work.write({ scope: systemScope(companyId, 'test', 'a'.repeat(32)) }, (tx) =>
      here.notices.notify(tx, { type: 'export_ready', recipients, dedupeKey: 'once' }),
    );
    const before = await sendAndDie(40);
    const states = async () =>
      (
        await harness.admin.query<{ status: string; n: number }>(
          'select status, count(*)::int as n from delivery group by status order by status',
        )
      ).rows;
    expect((await states()).map(({ status }) => status)).to.include('pending');
    await here.node.start();
    await harness.drained();
    await here.close();
    expect(await states()).to.deep.equal([{ status: 'sent', n: PEOPLE }]);
    const { rows } = await harness.admin.query<{ id: string; profile_id: string }>(
      'select id, profile_id from delivery',
    );
    expect(new Set([...before, ...ids])).to.deep.equal(new Set(rows.map(({ id }) => `${id}@angelis.example.cl`)));
    expect(new Set(ids).size).to.equal(ids.length);
    const listed = await harness.admin.query<{ id: string }>('select profile_id as id from notification');
    expect(listed.rows.map(({ id }) => id)).to.have.members(recipients);
  });
});

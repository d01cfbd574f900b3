import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createChangeRecorder } from '../../../src/platform/change/recorder.ts';
import { createVault } from '../../../src/platform/change/vault.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { entity } from '../../../src/platform/schema/entity.ts';
import { text, uuid } from '../../../src/platform/schema/types.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

const badge = entity({
  table: 'badge',
  fields: { label: text(50), holder: text(50), profileId: uuid() },
  hidden: { secret: text(50) },
  create: ['label', 'holder', 'profileId'],
  edit: ['label'],
  personal: ['holder'],
  subject: ({ profileId }) => profileId,
});

describe('change recorder', () => {
  let database: TestDatabase;
  let db: Database;
  let company: string;
  const vault = createVault(randomRing());

  before(async () => {
    database = await cloneDatabase();
    db = database.open();
  });
  after(() => database.drop());
  beforeEach(async () => {
    company = await addCompany(database);
  });

  const changes = () =>
    db.read(scopeOf(company), (reader) =>
      reader.query<Record<string, unknown>>(
        `select before, after, subject_id, personal, actor_kind, actor_id, action, entity_id, trace_id, reason
         from change where company_id = $1 order by id`,
        [company],
      ),
    );

  it('nudges once for each commit with changes, and not for what is rolled back or read', async () => {
    const told: string[] = [];
    const recorder = createChangeRecorder(vault, (companyId) => void told.push(companyId));
    const event = () => ({ entity: 'thing', entityId: uuidv7(), action: 'update' });
    await db.write(scopeOf(company), async (tx) => {
      await recorder.event(tx, event());
      await recorder.event(tx, event());
      expect(told).to.deep.equal([]);
    });
    expect(told).to.deep.equal([company]);
    const failing = db.write(scopeOf(company), async (tx) => {
      await recorder.event(tx, event());
      throw new Error('no');
    });
    await failing.catch(() => undefined);
    await db.write(scopeOf(company), () => Promise.resolve());
    expect(told).to.deep.equal([company]);
  });

  it('writes what differs: personal values sealed under their subject, hidden ones not at all', async () => {
    const recorder = createChangeRecorder(vault);
    const scope = scopeOf(company);
    const before = { id: uuidv7(), label: 'A', holder: 'María Pérez', profileId: uuidv7(), secret: 'hush' };
    await db.write(scope, async (tx) => {
      await recorder.record(tx, badge, { action: 'create' }, undefined, before);
      await recorder.record(tx, badge, { action: 'rename', reason: 'typo' }, before, {
        ...before,
        label: 'B',
        secret: 'x',
      });
      await recorder.record(tx, badge, { action: 'hand-over' }, before, { ...before, holder: 'Ana' });
    });
    const [created, renamed, handedOver] = await changes();
    expect(created).to.deep.include({
      before: null,
      after: { label: 'A', profileId: before.profileId },
      subject_id: before.profileId,
      action: 'badge.create',
      entity_id: before.id,
      actor_kind: 'profile',
      actor_id: scope.actor.id,
      trace_id: scope.traceId,
    });
    expect(renamed).to.deep.include({
      before: { label: 'A' },
      after: { label: 'B' },
      subject_id: null,
      personal: null,
      reason: 'typo',
    });
    expect(handedOver).to.deep.include({ before: {}, after: {}, subject_id: before.profileId });
    const opened = await db.read(scope, (reader) =>
      vault.open(reader, before.profileId, handedOver!['personal'] as string),
    );
    expect(JSON.parse(opened!)).to.deep.equal({ before: { holder: 'María Pérez' }, after: { holder: 'Ana' } });
    expect(JSON.stringify(await changes())).to.not.match(/hush|María|Ana/);
  });

  it('addresses a change to each profile of its audience once', async () => {
    const recorder = createChangeRecorder(vault);
    const audience = [uuidv7(), uuidv7()];
    await db.write(scopeOf(company), (tx) =>
      recorder.event(tx, {
        entity: 'thing',
        entityId: uuidv7(),
        action: 'update',
        audience: [...audience, ...audience],
      }),
    );
    const rows = await db.read(scopeOf(company), (reader) =>
      reader.query<{ profile_id: string }>('select profile_id from change_recipient where company_id = $1', [company]),
    );
    expect(rows.map(({ profile_id }) => profile_id)).to.have.members(audience);
  });
});

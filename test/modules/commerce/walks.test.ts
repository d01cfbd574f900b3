import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { WebhookEndpoint } from '../../../src/modules/notifications/webhooks.repository.ts';
import { HourAuthorization } from '../../../src/modules/gate/authorizations/authorizations.repository.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { ENDPOINT, insertRow, movesOfSystem, walk, WALKS } from '../../support/walk.ts';
import type { Table } from '../../support/walk.ts';
import { openMine, rowOf, sweep } from '../../support/workforce.ts';
import type { Mine, Row } from '../../support/workforce.ts';

const SUBSCRIPTION: Table = {
  trial: { activate: 'active' },
  active: { mark_past_due: 'past_due' },
  past_due: { activate: 'active', suspend: 'suspended' },
  suspended: { activate: 'active' },
  cancelled: {},
  expired: {},
};
const LICENSE: Table = {
  active: { release: 'released' },
  suspended: {},
  released: {},
  expired: {},
};
const WEBHOOK: Table = {
  active: { disable: 'disabled' },
  failing: { disable: 'disabled' },
  disabled: { enable: 'active' },
};
const WEBHOOK_BY_JOBS: Table = {
  active: { fail: 'failing' },
  failing: { recover: 'active', expire: 'disabled' },
  disabled: {},
};
const AUTHORIZATION: Table = {
  draft: { activate: 'active' },
  active: { revoke: 'revoked' },
  revoked: {},
  expired: {},
};
const AUTHORIZATION_BY_TIME: Table = { draft: {}, active: { expire: 'expired' }, revoked: {}, expired: {} };
const RUNS = 10;
const NOW = new Date('2027-01-04T12:00:00Z');

describe('random walks over subscriptions, licenses, webhooks, authorizations of hours and legal holds', function walks() {
  this.timeout(120_000);
  let app: TestApp;
  let mine: Mine;
  let staff: Client;
  let stranger: Client;
  let subscription: Row | undefined;

  before(async () => {
    app = await startApp();
    app.clock.set(NOW);
    mine = await openMine(app);
    const person = await addStaff(app);
    staff = await clientOf(app, person);
    const companyId = mine.companyId;
    await staff.post('/admin/internal_user/support-session', { companyId, reason: 'Sells seats' }).expect(200);
    stranger = await clientOf(app, await addPerson(app, { companyId, roles: ['auditor'] }));
  });
  after(() => app.close());

  const move = async (name: string, body?: object): Promise<void> => {
    const { id, version: at } = subscription!;
    subscription = await rowOf(staff.post(`/admin/subscription/${id}/${name}`, body, version(at)));
  };
  const refresh = async (): Promise<Row> => {
    const row = await rowOf(staff.get(`/admin/subscription/${subscription!.id}`));
    subscription = row;
    return row;
  };
  const isOver = ({ status }: Pick<Row, 'status'>) => ['cancelled', 'expired'].includes(status);
  /** Without a last day a cancellation takes effect at once. */
  const cancel = async (): Promise<void> => {
    if (subscription !== undefined && !isOver(await refresh())) await move('cancel', { reason: 'walk' });
  };
  const expire = async (): Promise<void> => {
    const { id, version: at, status } = await refresh();
    if (isOver({ status })) return;
    await rowOf(staff.patch(`/admin/subscription/${id}`, { endsOn: '2027-01-05' }, version(at)));
    app.clock.set(new Date('2027-01-07T12:00:00Z'));
    await sweep(app, mine.companyId, 'subscription', id, 'expire');
    app.clock.set(NOW);
  };
  /** One of an offering may be in force at a time. */
  const sell = async (): Promise<Row> => {
    await cancel();
    const body = { offering: 'SAFER', seats: 1, startsOn: '2027-01-01', paymentState: 'paid' };
    const row = await rowOf(staff.post('/admin/subscription', body), 201);
    subscription = row;
    return row;
  };

  it('subscriptions, which end by cancellation and by their last day', () =>
    walk(app, {
      entity: 'subscription',
      path: '/admin/subscription',
      table: SUBSCRIPTION,
      client: staff,
      stranger,
      open: sell,
      events: { cancel, expire },
    }));

  it('licenses, which follow their subscription', () =>
    walk(app, {
      entity: 'license',
      path: '/admin/license',
      table: LICENSE,
      client: mine.admin,
      stranger,
      open: async () => {
        await sell();
        await move('activate');
        const { profileId } = await mine.addWorker();
        return rowOf(mine.admin.post('/admin/license', { offering: 'SAFER', profileId }), 201);
      },
      events: {
        suspend: async () => {
          if ((await refresh()).status !== 'active') return;
          await move('mark-past-due');
          await move('suspend', { reason: 'unpaid' });
        },
        resume: async () => {
          if ((await refresh()).status === 'suspended') await move('activate');
        },
        expire: cancel,
      },
    }));

  it('webhooks, which fail and recover with what is sent', () =>
    walk(
      app,
      {
        entity: 'webhook_endpoint',
        path: '/notification/webhook',
        table: WEBHOOK,
        system: WEBHOOK_BY_JOBS,
        client: mine.admin,
        stranger,
        open: () => insertRow(app, mine.companyId, WebhookEndpoint, ENDPOINT),
        events: movesOfSystem(app, WebhookEndpoint, mine.companyId, { fail: {}, recover: {}, expire: {} }),
      },
      RUNS,
    ));

  it('authorizations of hours, which end with their last day', async () => {
    const safety = await clientOf(app, await addPerson(app, { companyId: mine.companyId, roles: ['safety_admin'] }));
    let made = 0;
    await walk(
      app,
      {
        entity: 'hour_authorization',
        path: '/gate/hour-authorizations',
        table: AUTHORIZATION,
        system: AUTHORIZATION_BY_TIME,
        client: safety,
        stranger,
        open: () => {
          made += 1;
          const body = {
            reference: `R-${made}`,
            issuer: 'Dirección del Trabajo',
            limits: { maximumShiftMinutes: 840 },
            startsOn: '2027-01-01',
            endsOn: '2027-01-31',
          };
          return rowOf(safety.post('/gate/hour-authorizations', body), 201);
        },
        events: movesOfSystem(app, HourAuthorization, mine.companyId, { expire: {} }),
      },
      RUNS,
    );
  });

  it('legal holds, which are lifted once', () =>
    walk(
      app,
      {
        entity: 'legal_hold',
        path: '/privacy/legal-hold',
        table: { standing: { lift: 'lifted' }, lifted: {} },
        client: mine.admin,
        stranger,
        open: async () => {
          const { profileId } = await mine.addWorker();
          return rowOf(mine.admin.post('/privacy/legal-hold', { profileId, reason: 'Labor court' }), 201);
        },
      },
      RUNS,
    ));

  it('and over every other lifecycle, in the test that is named for it', () => {
    const declared = app.modules.flatMap(({ lifecycles = [] }) => lifecycles.map(({ entity }) => entity));
    expect(Object.keys(WALKS)).to.have.members(declared);
    const absent = Object.entries(WALKS).filter(([entity, name]) => {
      const source = readFileSync(new URL(`../${name}.test.ts`, import.meta.url), 'utf8');
      // Those with rules that no table of moves can say have a walk of their own.
      return !source.includes(source.includes('/support/walk.ts') ? `entity: '${entity}'` : 'fc.asyncProperty');
    });
    expect(absent).to.deep.equal([]);
  });
});

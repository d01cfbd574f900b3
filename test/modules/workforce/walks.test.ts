import { expect } from 'chai';
import { Delivery, UNSENT } from '../../../src/modules/notifications/deliveries.repository.ts';
import { WebhookEndpoint } from '../../../src/modules/notifications/webhooks.repository.ts';
import { ExportJob } from '../../../src/modules/reporting/exports/exports.repository.ts';
import { BatchUpload } from '../../../src/modules/workforce/batch/batch.repository.ts';
import type { AnyEntity, InsertOf, RowOf } from '../../../src/platform/schema/entity.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addPerson } from '../../support/people.ts';
import { ENDPOINT, insertRow, movesOfSystem, walk } from '../../support/walk.ts';
import type { Handed, Table } from '../../support/walk.ts';
import { DAY_SHIFT, itemsOf, openMine, rowOf } from '../../support/workforce.ts';
import type { Mine } from '../../support/workforce.ts';

const PROJECT: Table = {
  planning: { activate: 'active', cancel: 'cancelled' },
  active: { hold: 'on_hold', complete: 'completed', cancel: 'cancelled' },
  on_hold: { activate: 'active', complete: 'completed', cancel: 'cancelled' },
  completed: { reopen: 'active', cancel: 'cancelled' },
  cancelled: {},
};
const CONTRACT: Table = {
  draft: { activate: 'active' },
  active: { suspend: 'suspended', end: 'ended' },
  suspended: { resume: 'active' },
  ended: {},
};
const ASSIGNMENT: Table = {
  draft: { activate: 'active', cancel: 'cancelled' },
  active: { suspend: 'suspended', end: 'ended' },
  suspended: { resume: 'active', end: 'ended' },
  ended: {},
  cancelled: {},
};
const CREDENTIAL: Table = {
  submitted: { validate: 'valid', reject: 'rejected' },
  valid: { revoke: 'revoked' },
  expired: {},
  rejected: {},
  revoked: {},
};
const SHIFT: Table = {
  planned: { start: 'started', cancel: 'cancelled' },
  started: { finish: 'done' },
  done: {},
  cancelled: {},
};
const EXCEPTION: Table = {
  requested: { approve: 'approved', reject: 'rejected', cancel: 'cancelled' },
  approved: {},
  rejected: {},
  cancelled: {},
};

const UPLOAD: Table = {
  uploaded: {},
  validating: {},
  rejected: {},
  validated: { commit: 'committing' },
  committing: {},
  committed: {},
  failed: {},
  expired: {},
};
const UPLOAD_BY_JOBS: Table = {
  uploaded: { validate: 'validating' },
  validating: { accept: 'validated', reject: 'rejected' },
  rejected: {},
  validated: { expire: 'expired' },
  committing: { finish: 'committed', fail: 'failed' },
  committed: {},
  failed: {},
  expired: {},
};
const EXPORT: Table = {
  queued: { cancel: 'cancelled' },
  running: { cancel: 'cancelled' },
  ready: {},
  expired: {},
  cancelled: {},
  failed: {},
};
const EXPORT_BY_JOBS: Table = {
  queued: { start: 'running', fail: 'failed' },
  running: { finish: 'ready', fail: 'failed' },
  ready: { expire: 'expired' },
  expired: {},
  cancelled: {},
  failed: {},
};
const GOING = { begin: 'sending', give_up: 'dead', postpone: 'pending', skip: 'skipped' };
const DELIVERY: Table = {
  pending: {},
  sending: {},
  sent: {},
  failed: {},
  retrying: {},
  dead: { resend: 'pending' },
  skipped: {},
};

const DELIVERY_BY_JOBS: Table = {
  pending: GOING,
  retrying: GOING,
  sending: { ...GOING, succeed: 'sent', fail: 'failed' },
  sent: {},
  failed: { retry: 'retrying', give_up: 'dead' },
  dead: {},
  skipped: {},
};

describe('random walks over the lifecycles of the workforce', function walks() {
  this.timeout(120_000);
  let app: TestApp;
  let mine: Mine;
  let stranger: Client;

  before(async () => {
    app = await startApp();
    app.clock.set(new Date('2027-01-04T12:00:00Z'));
    mine = await openMine(app);
    await mine.addSubscription('SAFER', 1_000);
    stranger = await clientOf(app, await addPerson(app, { companyId: mine.companyId, roles: ['auditor'] }));
  });
  after(() => app.close());

  let count = 0;
  it('projects', () =>
    walk(app, {
      entity: 'project',
      path: '/admin/project',
      table: PROJECT,
      client: mine.admin,
      stranger,
      open: () => {
        count += 1;
        return rowOf(mine.admin.post('/admin/project', { code: `W-${count}`, name: 'Walk' }), 201);
      },
    }));

  it('contracts', () =>
    walk(app, {
      entity: 'contract',
      path: '/admin/contract',
      table: CONTRACT,
      client: mine.admin,
      stranger,
      open: () => {
        count += 1;
        const body = {
          number: `W-${count}`,
          contractorName: 'X',
          contractorRut: '76086428-5',
          startsOn: '2027-01-01',
        };
        return rowOf(mine.admin.post('/admin/contract', body), 201);
      },
    }));

  it('work assignments, with their seats and shifts', async () => {
    const taskKindIds = [await mine.addTaskKind({ requiredTests: ['SAFER'] })];
    const shiftPatternId = await mine.addPattern([DAY_SHIFT]);
    let profileId = '';
    await walk(app, {
      entity: 'work_assignment',
      path: '/admin/assignment',
      table: ASSIGNMENT,
      client: mine.admin,
      stranger,
      open: async () => {
        ({ profileId } = await mine.addWorker());
        return mine.draft({ profileId, taskKindIds, shiftPatternId });
      },
      invariant: async ({ id, status }) => {
        const filter = `assignmentId=${id}&status=planned&from=2027-01-05&limit=200`;
        const planned = await itemsOf(mine.admin, `/admin/assignment/shift?${filter}`);
        expect(planned, `shifts while ${status}`).to.have.length(status === 'active' ? 14 : 0);
        const held = await itemsOf<{ holders: string[] }>(
          mine.admin,
          `/admin/license?profileId=${profileId}&status=active`,
        );
        const isHeld = status === 'active' || status === 'suspended';
        expect(
          held.map(({ holders }) => holders),
          `seat while ${status}`,
        ).to.deep.equal(isHeld ? [[id]] : []);
      },
    });
  });

  it('credentials', () =>
    walk(app, {
      entity: 'credential',
      path: '/admin/credential',
      table: CREDENTIAL,
      client: mine.admin,
      stranger,
      open: async () => {
        const body = {
          profileId: mine.people.worker.profileId,
          kind: 'induction',
          issuer: 'X',
          validFrom: '2027-01-01',
        };
        const { id } = await rowOf(mine.admin.post('/admin/credential', body), 201);
        return rowOf(mine.admin.put(`/admin/credential/${id}/evidence`, { evidence: 'x' }, version(1)));
      },
    }));

  it('shifts', async () => {
    const shiftPatternId = await mine.addPattern([DAY_SHIFT]);
    await walk(app, {
      entity: 'shift',
      path: '/admin/assignment/shift',
      table: SHIFT,
      client: mine.admin,
      stranger,
      open: async () => {
        const { profileId } = mine.people.admin;
        const drafts = await itemsOf(mine.admin, `/admin/assignment?profileId=${profileId}&status=active`);
        for (const { id, version: at } of drafts)
          await rowOf(mine.admin.post(`/admin/assignment/${id}/end`, undefined, version(at)));
        const client = await app.database.superuser();
        await client.query(`update shift set deleted_at = now() where profile_id = $1`, [profileId]);
        const { id } = await mine.assign({ profileId, shiftPatternId });
        const [first] = await itemsOf(mine.admin, `/admin/assignment/shift?assignmentId=${id}`);
        return first!;
      },
    });
  });

  it('roster exceptions', async () => {
    const shiftPatternId = await mine.addPattern([{ kind: 'off' }, DAY_SHIFT]);
    await walk(app, {
      entity: 'roster_exception',
      path: '/admin/assignment/roster-exception',
      table: EXCEPTION,
      client: mine.admin,
      stranger,
      open: async () => {
        const worker = await mine.addWorker();
        const { id } = await mine.assign({ profileId: worker.profileId, shiftPatternId });
        const [shift] = await itemsOf(mine.admin, `/admin/assignment/shift?assignmentId=${id}`);
        const body = { kind: 'extension', profileId: worker.profileId, shiftId: shift!.id, minutes: 30 };
        return rowOf(mine.supervisor.post('/admin/assignment/roster-exception', body), 201);
      },
    });
  });

  describe('and of what jobs move, which do not run here:', () => {
    const RUNS = 10;
    const at = '2027-01-05T12:00:00.000Z';
    const insert = <E extends AnyEntity>(entity: E, values: InsertOf<RowOf<E>>) =>
      insertRow(app, mine.companyId, entity, values);
    const events = (entity: AnyEntity, handed: Handed) => movesOfSystem(app, entity, mine.companyId, handed);

    it('uploads', () =>
      walk(
        app,
        {
          entity: 'batch_upload',
          path: '/admin/profile/batch',
          table: UPLOAD,
          system: UPLOAD_BY_JOBS,
          client: mine.admin,
          stranger,
          open: () =>
            insert(BatchUpload, {
              kind: 'profiles',
              fileName: 'walk.csv',
              fileKey: 'walk',
              mode: 'dry_run',
              partial: false,
              rowCount: 0,
              validCount: 0,
              errorCount: 0,
              committedCount: 0,
              progress: 0,
              expiresAt: null,
              status: 'uploaded',
            }),
          events: events(BatchUpload, { validate: {}, accept: {}, reject: {}, finish: {}, fail: {}, expire: {} }),
        },
        RUNS,
      ));

    it('exports', async () => {
      const client = await app.database.superuser();
      const outside = await clientOf(app, await addPerson(app, { companyId: mine.companyId, roles: ['member'] }));
      await walk(
        app,
        {
          entity: 'export_job',
          path: '/admin/export',
          table: EXPORT,
          system: EXPORT_BY_JOBS,
          client: mine.admin,
          stranger: outside,
          open: async () => {
            // One runs at a time for a person and a kind.
            await client.query(`update export_job set status = 'failed' where status in ('queued', 'running')`);
            return insert(ExportJob, {
              kind: 'projects',
              format: 'csv',
              locale: 'es',
              filters: {},
              columns: null,
              bom: true,
              separator: null,
              requestedBy: mine.people.admin.profileId,
              permissionSnapshot: [],
              status: 'queued',
              rowsDone: 0,
              rowsEstimated: null,
              rowCount: null,
              startedAt: null,
              finishedAt: null,
              fileName: null,
              size: null,
              sha256: null,
              expiresAt: null,
              downloads: 0,
              maxDownloads: 10,
              error: null,
              fileKey: null,
            });
          },
          events: events(ExportJob, {
            start: { startedAt: at },
            finish: {
              finishedAt: at,
              expiresAt: at,
              fileName: 'walk.csv',
              fileKey: 'walk',
              size: 1,
              sha256: '0',
              rowCount: 1,
            },
            fail: { error: 'FAILED', finishedAt: at },
            expire: {},
          }),
        },
        RUNS,
      );
    });

    it('deliveries', async () => {
      const { id: endpointId } = await insert(WebhookEndpoint, ENDPOINT);
      const event = { type: 'ping', at, link: null, params: {} };
      await walk(
        app,
        {
          entity: 'delivery',
          path: '/notification/delivery',
          table: DELIVERY,
          system: DELIVERY_BY_JOBS,
          client: mine.admin,
          stranger,
          open: () => insert(Delivery, { ...UNSENT, channel: 'webhook', endpointId, event }),
          events: events(Delivery, {
            begin: {},
            succeed: { providerId: 'p' },
            fail: { error: 'CARRIER' },
            retry: { nextRetryAt: at },
            give_up: { error: 'CARRIER' },
            postpone: { nextRetryAt: null },
            skip: { because: 'muted' },
          }),
        },
        RUNS,
      );
    });
  });
});

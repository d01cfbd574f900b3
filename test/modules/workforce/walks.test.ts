import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addPerson } from '../../support/people.ts';
import { walk } from '../../support/walk.ts';
import type { Table } from '../../support/walk.ts';
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
});

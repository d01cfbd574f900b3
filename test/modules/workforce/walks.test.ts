import { expect } from 'chai';
import * as fc from 'fast-check';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { DAY_SHIFT, itemsOf, openMine, rowOf } from '../../support/workforce.ts';
import type { Mine, Row } from '../../support/workforce.ts';

/** From state, by move, to state: written from the rules, not from the code. */
type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

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

const movesOf = (table: Table): string[] => [...new Set(Object.values(table).flatMap((moves) => Object.keys(moves)))];
/** The moves that need a reason. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  contract: ['suspend'],
  assignment: ['suspend'],
  credential: ['reject', 'revoke'],
  shift: ['cancel'],
  'roster-exception': ['reject'],
};

interface Walk {
  readonly name: string;
  readonly path: string;
  readonly table: Table;
  readonly client: Client;
  readonly open: () => Promise<Row>;
  /** Holds after every step. */
  readonly invariant?: (row: Row) => Promise<void>;
}

describe('random walks over the lifecycles of the workforce', function walks() {
  this.timeout(120_000);
  let app: TestApp;
  let mine: Mine;

  before(async () => {
    app = await startApp();
    app.clock.set(new Date('2027-01-04T12:00:00Z'));
    mine = await openMine(app);
    await mine.addSubscription('SAFER', 1_000);
  });
  after(() => app.close());

  const step = async ({ name, path, table, client }: Walk, row: Row, move: string): Promise<Row> => {
    const body = REASONS[name]!.includes(move) ? { reason: 'walk' } : undefined;
    const answer = await client.post(`${path}/${row.id}/${move}`, body, version(row.version));
    const to = table[row.status]![move];
    const where = `${name}: ${move} from ${row.status} answered ${answer.status} ${JSON.stringify(answer.body)}`;
    if (to === undefined) {
      expect(answer.status, where).to.equal(409);
      expect(answer.body, where).to.include({ code: 'INVALID_TRANSITION', state: row.status });
      expect((answer.body as { allowed: string[] }).allowed, where).to.include.members(Object.keys(table[row.status]!));
      return rowOf(client.get(`${path}/${row.id}`));
    }
    expect(answer.status, where).to.equal(200);
    const after = answer.body as Row;
    expect([after.status, after.version], where).to.deep.equal([to, row.version + 1]);
    return after;
  };

  const walk = (describeWalk: () => Walk, runs: number): Promise<void> => {
    const found = describeWalk();
    const run = async (moves: readonly string[]): Promise<void> => {
      let row = await found.open();
      for (const move of moves) {
        const before = row;
        row = await step(found, row, move);
        if (found.table[before.status]![move] === undefined) expect(row).to.deep.equal(before);
        await found.invariant?.(row);
      }
    };
    const moves = fc.array(fc.constantFrom(...movesOf(found.table)), { minLength: 4, maxLength: 9 });
    return fc.assert(fc.asyncProperty(moves, run), { numRuns: runs, seed: 4 });
  };

  let count = 0;
  it('contracts', () =>
    walk(
      () => ({
        name: 'contract',
        path: '/admin/contract',
        table: CONTRACT,
        client: mine.admin,
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
      }),
      12,
    ));

  it('work assignments, with their seats and shifts', async () => {
    const taskKindIds = [await mine.addTaskKind({ requiredTests: ['SAFER'] })];
    const shiftPatternId = await mine.addPattern([DAY_SHIFT]);
    let profileId = '';
    await walk(
      () => ({
        name: 'assignment',
        path: '/admin/assignment',
        table: ASSIGNMENT,
        client: mine.admin,
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
      }),
      10,
    );
  });

  it('credentials', () =>
    walk(
      () => ({
        name: 'credential',
        path: '/admin/credential',
        table: CREDENTIAL,
        client: mine.admin,
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
      }),
      10,
    ));

  it('shifts', async () => {
    const shiftPatternId = await mine.addPattern([DAY_SHIFT]);
    await walk(
      () => ({
        name: 'shift',
        path: '/admin/assignment/shift',
        table: SHIFT,
        client: mine.admin,
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
      }),
      10,
    );
  });

  it('roster exceptions', async () => {
    const shiftPatternId = await mine.addPattern([{ kind: 'off' }, DAY_SHIFT]);
    await walk(
      () => ({
        name: 'roster-exception',
        path: '/admin/assignment/roster-exception',
        table: EXCEPTION,
        client: mine.admin,
        open: async () => {
          const worker = await mine.addWorker();
          const { id } = await mine.assign({ profileId: worker.profileId, shiftPatternId });
          const [shift] = await itemsOf(mine.admin, `/admin/assignment/shift?assignmentId=${id}`);
          const body = { kind: 'extension', profileId: worker.profileId, shiftId: shift!.id, minutes: 30 };
          return rowOf(mine.supervisor.post('/admin/assignment/roster-exception', body), 201);
        },
      }),
      10,
    );
  });
});

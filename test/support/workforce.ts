import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { PatternDay } from '../../src/modules/workforce/rosters/swing.ts';
import { systemScope } from '../../src/platform/db/scope.ts';
import { addDays } from '../../src/platform/time/zone.ts';
import type { TestApp } from './app.ts';
import { clientOf, version } from './client.ts';
import type { Client } from './client.ts';
import { addCompany } from './companies.ts';
import { addPerson, addReportingLine } from './people.ts';
import type { TestPerson } from './people.ts';

export interface Row {
  readonly id: string;
  readonly version: number;
  readonly status: string;
}

export const DAY_SHIFT: PatternDay = { kind: 'day', start: '07:00', minutes: 720 };
export const NIGHT_SHIFT: PatternDay = { kind: 'night', start: '19:00', minutes: 720 };

/** What a call resolves to. */
type Call = PromiseLike<{ readonly status: number; readonly body: unknown }>;

/** The row that a call answers with; the status must be as expected. */
export const rowOf = async <R = Row>(call: Call, status = 200): Promise<R> => {
  const answer = await call;
  expect(answer.status, JSON.stringify(answer.body)).to.equal(status);
  return answer.body as R;
};

/** The code of the problem that a call answers with. */
export const codeOf = async (call: Call, status: number): Promise<string> => {
  const { code } = await rowOf<{ code: string }>(call, status);
  return code;
};

/** All items of a list's first page. */
export const itemsOf = async <R = Row>(client: Client, path: string): Promise<R[]> =>
  (await rowOf<{ items: R[] }>(client.get(path))).items;

/** A company with an admin, a manager, a supervisor below and a worker below that, and one active project at a site. */
export interface Mine {
  readonly companyId: string;
  admin: Client;
  manager: Client;
  supervisor: Client;
  worker: Client;
  /** Moves the clock and renews the tokens. */
  readonly at: (when: string) => Promise<void>;
  readonly people: Readonly<Record<'admin' | 'manager' | 'supervisor' | 'worker', TestPerson>>;
  readonly projectId: string;
  /** Another active worker who reports to the supervisor. */
  readonly addWorker: () => Promise<TestPerson>;
  readonly addProject: (code: string, siteId?: string) => Promise<string>;
  readonly addPattern: (days: readonly PatternDay[]) => Promise<string>;
  readonly addTaskKind: (values?: object) => Promise<string>;
  readonly addSubscription: (offering: string, seats: number) => Promise<string>;
  /** A draft assignment from today on, four weeks long, unless told otherwise. */
  readonly draft: (values?: object) => Promise<Row>;
  /** A draft that was activated. */
  readonly assign: (values?: object) => Promise<Row>;
}

const insertSite = async (app: TestApp, companyId: string, timezone: string): Promise<string> => {
  const id = uuidv7();
  await app.database.sql(
    `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at) values ($1, $2, '/' || $2::uuid || '/', 1, $3, 'Faena', $4, $5, $5)`,
    [companyId, id, `S-${id.slice(-8)}`, timezone, app.clock.now()],
  );
  return id;
};

const insertSubscription = async (app: TestApp, companyId: string, offering: string, seats: number) => {
  const id = uuidv7();
  await app.database.sql(
    `insert into subscription (company_id, id, offering, seats, starts_on, payment_state, status, created_at, updated_at)
     values ($1, $2, $3, $4, '2026-01-01', 'paid', 'active', $5, $5)`,
    [companyId, id, offering, seats, app.clock.now()],
  );
  return id;
};

export const openMine = async (app: TestApp, timezone = 'America/Santiago'): Promise<Mine> => {
  const companyId = await addCompany(app.database);
  const person = (...roles: string[]) => addPerson(app, { companyId, roles });
  const people = {
    admin: await person('admin'),
    manager: await person('manager'),
    supervisor: await person('supervisor'),
    worker: await person('worker'),
  };
  await addReportingLine(app, people.manager, people.supervisor);
  await addReportingLine(app, people.supervisor, people.worker);
  const site = await insertSite(app, companyId, timezone);
  const addProject = async (code: string, siteId = site): Promise<string> => {
    const { id } = await rowOf(mine.admin.post('/admin/project', { code, name: 'Rajo', siteId }), 201);
    await rowOf(mine.admin.post(`/admin/project/${id}/activate`, undefined, version(1)));
    return id;
  };
  const today = () => app.clock.now().toISOString().slice(0, 10);
  let number = 0;
  const clients = async () => ({
    admin: await clientOf(app, people.admin),
    manager: await clientOf(app, people.manager),
    supervisor: await clientOf(app, people.supervisor),
    worker: await clientOf(app, people.worker),
  });
  const mine: Mine = {
    companyId,
    ...(await clients()),
    at: async (when) => {
      app.clock.set(new Date(when));
      Object.assign(mine, await clients());
    },
    people,
    projectId: '',
    addProject,
    addWorker: async () => {
      const worker = await person('worker');
      await addReportingLine(app, people.supervisor, worker);
      return worker;
    },
    addPattern: async (days: readonly PatternDay[]) => {
      number += 1;
      const body = { code: `T-${number}`, name: 'Pauta', days };
      return (await rowOf(mine.admin.post('/admin/assignment/shift-pattern', body), 201)).id;
    },
    addTaskKind: async (values: object = {}) => {
      number += 1;
      const empty = { requiredCredentials: [], requiredTests: [], hazards: [] };
      const body = { code: `K-${number}`, name: 'Conducir', ...empty, ...values };
      return (await rowOf(mine.admin.post('/admin/assignment/task-kind', body), 201)).id;
    },
    addSubscription: (offering: string, seats: number) => insertSubscription(app, companyId, offering, seats),
    draft: (values: object = {}) =>
      rowOf(
        mine.admin.post('/admin/assignment', {
          profileId: people.worker.profileId,
          projectId: mine.projectId,
          role: 'operator',
          taskKindIds: [],
          startsOn: today(),
          endsOn: addDays(today(), 27),
          ...values,
        }),
        201,
      ),
    assign: async (values: object = {}) => {
      const { id } = await mine.draft(values);
      return rowOf(mine.admin.post(`/admin/assignment/${id}/activate`, undefined, version(1)));
    },
  };
  return Object.assign(mine, { projectId: await addProject('P-1') });
};

/** Lets the timed move `name` of a row fall due now, as the sweeper does. */
export const sweep = async (app: TestApp, companyId: string, entity: string, id: string, name: string) => {
  const mover = app.platform.movers.get(entity)!;
  await mover.fallDue({ scope: systemScope(companyId, `${entity}.${name}`, 'test') }, id, name);
};

/** Runs a tick for one company. */
export const tick = async (app: TestApp, companyId: string, name: string): Promise<void> => {
  const found = app.modules.flatMap((module) => module.ticks ?? []).find((one) => one.name === name)!;
  await found.run(systemScope(companyId, name, 'test'), {
    now: app.clock.now(),
    signal: new AbortController().signal,
  });
};

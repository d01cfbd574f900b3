import { expect } from 'chai';
import * as fc from 'fast-check';
import type { WebhookEndpoint } from '../../src/modules/notifications/webhooks.repository.ts';
import type { AnyEntity, InsertOf, RowOf } from '../../src/platform/schema/entity.ts';
import type { TestApp } from './app.ts';
import { version } from './client.ts';
import type { Client } from './client.ts';
import { scopeOf } from './companies.ts';
import { rowOf } from './workforce.ts';
import type { Row } from './workforce.ts';

/** From state, by move, to state, as people make them: written from the rules, not from the code. */
export type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Which test of test/modules walks each lifecycle at random, by its table; commerce/walks.test.ts holds it to the lifecycles that there are. */
export const WALKS = {
  batch_upload: 'workforce/walks',
  company: 'organization/companies',
  company_domain: 'organization/domains',
  contract: 'workforce/walks',
  credential: 'workforce/walks',
  delivery: 'workforce/walks',
  erasure_request: 'identity/privacy/privacy',
  export_job: 'workforce/walks',
  feature: 'organization/features',
  feature_grant: 'organization/features',
  fitness_case: 'fitness/cases/walk',
  hour_authorization: 'commerce/walks',
  invitation: 'identity/invitations/sent-invitations',
  legal_hold: 'commerce/walks',
  license: 'commerce/walks',
  person: 'identity/persons/persons',
  profile: 'organization/profile-walk',
  project: 'workforce/walks',
  requirement: 'fitness/requirements/walk',
  resident_profile: 'organization/residents',
  roster_exception: 'workforce/walks',
  shift: 'workforce/walks',
  subscription: 'commerce/walks',
  webhook_endpoint: 'commerce/walks',
  work_assignment: 'workforce/walks',
} as const;

export interface Walk<R extends Row = Row> {
  /** The table whose lifecycle is walked. */
  readonly entity: keyof typeof WALKS;
  readonly path: string;
  readonly table: Table;
  /** May make every move that a person can make. */
  readonly client: Client;
  /** May make none of them. */
  readonly stranger: Client;
  readonly open: () => Promise<R>;
  /** How the system's own moves come about, by move. From a state that the move does not list they change nothing. */
  readonly events?: Readonly<Record<string, (row: R) => Promise<unknown>>>;
  /** The moves that only the system makes, as `table` has those of people. */
  readonly system?: Table;
  /** Holds after every step. */
  readonly invariant?: (row: R) => Promise<void>;
}

interface Action {
  readonly move: string;
  readonly allowed: boolean;
  readonly reason: string | null;
}

/** A row as the system writes it. */
export const insertRow = <E extends AnyEntity>(
  app: TestApp,
  companyId: string,
  entity: E,
  values: InsertOf<RowOf<E>>,
): Promise<RowOf<E>> =>
  app.platform.work.write({ scope: scopeOf(companyId) }, (tx) => app.platform.repository(entity).insert(tx, values));

/** A webhook that nothing is sent to. */
export const ENDPOINT: InsertOf<RowOf<typeof WebhookEndpoint>> = {
  name: 'Walk',
  url: 'https://hooks.example.cl/walk',
  events: ['test_alert'],
  status: 'active',
  failingSince: null,
  secretSealed: 'walk',
  previousSealed: null,
  previousUntil: null,
};

/** What the system's own moves hand over, by move. */
export type Handed = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The system's own moves as its jobs make them, each tried from whatever state: what the move does not list is refused. */
export const movesOfSystem = (
  app: TestApp,
  entity: AnyEntity,
  companyId: string,
  handed: Handed,
): NonNullable<Walk['events']> => {
  const make = async ({ id }: Row, name: string): Promise<void> => {
    const scope = scopeOf(companyId);
    const mover = app.platform.movers.get(entity.table)!;
    await app.platform.work.write({ scope }, async (tx) => {
      const row = await app.platform.repository(entity).lock(tx, id);
      await mover.moveAs(tx, { scope, tx }, row as never, name, { ...handed[name] });
    });
  };
  return Object.fromEntries(
    Object.keys(handed).map((name) => [
      name,
      (row: Row) =>
        make(row, name).catch((error: unknown) => {
          expect(error, name).to.include({ status: 409, code: 'INVALID_TRANSITION' });
        }),
    ]),
  );
};

/**
 * Random walks over a lifecycle, driven by its declaration: every move from every state that is come upon, over HTTP. What
 * the declaration lists succeeds, moves the version by one and leads where it says; anything else is refused and changes
 * nothing; who lacks the permission is refused whatever the state; the row's actions say the same. The seed is another in
 * every run; a failure prints it with the shortest walk that fails.
 */
export const walk = async <R extends Row>(app: TestApp, about: Walk<R>, runs = 20): Promise<void> => {
  const { entity, path, table, client, stranger, open, events = {}, invariant, system } = about;
  const { moves, states } = app.modules
    .flatMap(({ lifecycles = [] }) => lifecycles)
    .find((lifecycle) => lifecycle.entity === entity)!;
  const byPeople = Object.keys(moves).filter((name) => moves[name]!.permission !== undefined);
  const bySystem = Object.keys(moves).filter((name) => moves[name]!.permission === undefined);
  const declared = (names: readonly string[]): Table =>
    Object.fromEntries(
      states.map((state) => [
        state,
        Object.fromEntries(
          names.filter((name) => moves[name]!.from.includes(state)).map((name) => [name, moves[name]!.to]),
        ),
      ]),
    );
  expect(declared(byPeople), `${entity} as declared`).to.deep.equal(table);
  if (system !== undefined) expect(declared(bySystem), `${entity} as declared for the system`).to.deep.equal(system);

  const read = async (id: string): Promise<R> => rowOf<R>(client.get(`${path}/${id}`));
  const post = (by: Client, row: R, name: string) => {
    const { fields } = moves[name]!;
    const body = 'reason' in (fields?.properties ?? {}) ? { reason: 'walk' } : fields && {};
    return by.post(`${path}/${row.id}/${name.replaceAll('_', '-')}`, body, version(row.version));
  };

  const move = async (row: R, name: string): Promise<void> => {
    const refused = await post(stranger, row, name);
    expect(refused.status, `${name} by a stranger`).to.equal(403);
    const answer = await post(client, row, name);
    const to = table[row.status]![name];
    const where = `${entity}: ${name} from ${row.status} answered ${answer.status} ${JSON.stringify(answer.body)}`;
    if (to === undefined) {
      expect(answer.status, where).to.equal(409);
      expect(answer.body, where).to.include({ code: 'INVALID_TRANSITION', state: row.status });
      expect((answer.body as { allowed: string[] }).allowed, where).to.include.members(Object.keys(table[row.status]!));
      expect(await read(row.id), where).to.deep.equal(row);
    } else {
      expect(answer.status, where).to.equal(200);
      expect(answer.body, where).to.include({ status: to, version: row.version + 1 });
    }
  };

  const happen = async (row: R, name: string): Promise<void> => {
    await events[name]!(row);
    const { from, to } = moves[name]!;
    const after = await read(row.id);
    expect(after.status, `${entity}: ${name} from ${row.status}`).to.equal(from.includes(row.status) ? to : row.status);
  };

  const run = async (steps: readonly string[]): Promise<void> => {
    let row = await read((await open()).id);
    for (const step of steps) {
      await (step in events ? happen(row, step) : move(row, step));
      row = await read(row.id);
      const { items } = await rowOf<{ items: Action[] }>(client.get(`${path}/${row.id}/actions`));
      const possible = items.filter(({ reason }) => reason !== 'STATE').map((action) => action.move);
      expect(possible, `${entity}: actions of ${row.status}`).to.have.members(Object.keys(table[row.status]!));
      await invariant?.(row);
    }
  };

  const steps = fc.array(fc.constantFrom(...byPeople, ...Object.keys(events)), { minLength: 4, maxLength: 9 });
  await fc.assert(fc.asyncProperty(steps, run), { numRuns: runs });
};

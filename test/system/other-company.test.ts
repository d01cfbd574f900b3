import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { loadDemo } from '../../src/demo/load.ts';
import { createContacts } from '../../src/modules/identity/persons/contact.ts';
import { RUT_SETTING } from '../../src/modules/organization/appconfig/settings.ts';
import { createNationalIds } from '../../src/modules/organization/profiles/national-id.ts';
import { ensurePartitions } from '../../src/platform/db/partitions.ts';
import { routesOf } from '../../src/platform/http/registry.ts';
import type { MountedRoute } from '../../src/platform/http/registry.ts';
import { PARTITIONED_TABLES } from '../../src/wiring/partitions.ts';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';
import { addPerson } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';

interface Loose {
  readonly [key: string]: unknown;
}

/** A value that fits a JSON Schema well enough to get past the check of shapes. */
const sample = (schema: Loose): unknown => {
  if ('const' in schema) return schema['const'];
  if ('default' in schema) return schema['default'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const choice = (schema['anyOf'] ?? schema['oneOf']) as Loose[] | undefined;
  if (choice !== undefined) return sample(choice[0]!);
  switch (schema['type']) {
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Record<string, Loose>;
      const required = (schema['required'] ?? []) as string[];
      const names =
        required.length > 0 ? required : Object.keys(properties).slice(0, Number(schema['minProperties'] ?? 0));
      return Object.fromEntries(names.map((name) => [name, sample(properties[name]!)]));
    }
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 0) }, () => sample(schema['items'] as Loose));
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return textOf(schema);
  }
};

const textOf = ({ format, minLength }: Loose): string => {
  switch (format) {
    case 'uuid':
      return uuidv7();
    case 'day':
    case 'date':
      return '2026-05-04';
    case 'instant':
    case 'date-time':
      return '2026-05-04T08:00:00.000Z';
    case 'email':
      return 'somebody@example.com';
    default:
      return 'x'.repeat(Number(minLength ?? 1));
  }
};

const TABLES = `
  select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id'
    join pg_attribute i on i.attrelid = c.oid and i.attname = 'id'
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`;

const PARAM = /:\w+/g;
/** What the operator's staff alone may do to a company's rows. */
const isOperators = ({ contract }: MountedRoute): boolean => contract.permission.startsWith('commerce:subscription:');
const prefixOf = ({ path }: MountedRoute): string => path.slice(0, path.indexOf(':'));
/** Together they may call every route of a company's own people. */
const ROLES = ['owner', 'safety_admin', 'health_reader'];

/** Routes by id that are not tried here, and why. A new one is tried, or written down. */
const UNTRIED: Readonly<Record<string, readonly string[]>> = {
  'of the operator, whose rows are no company’s: test/system/access-matrix.test.ts refuses them to its people': [
    'getPerson',
    'listPersonActions',
    'changePersonEmail',
    'unlockPerson',
    'disablePerson',
    'enablePerson',
    'getInternalUser',
    'editInternalUser',
    'deactivateInternalUser',
    'activateInternalUser',
    'getCompany',
    'listCompanyActions',
    'editCompany',
    'deleteCompany',
    'activateCompany',
    'suspendCompany',
    'reactivateCompany',
    'inviteCompanyOwner',
    'getSourceCompany',
    'editSourceCompany',
    'deleteSourceCompany',
    'retryUnownedRow',
    'discardUnownedRow',
    'editSubscription',
    'activateSubscription',
    'markPastDueSubscription',
    'suspendSubscription',
    'cancelSubscription',
  ],
  'by a key that every company has, no id': ['getSetting', 'setSetting'],
  'of the caller alone, without a read by id': ['endMySession', 'readNotification', 'archiveNotification'],
  'by an entity and an id': ['getEntityHistory'],
  'without a row in the demo': [
    'getApiClient',
    'editApiClient',
    'rotateApiClientSecret',
    'revokeApiClient',
    'getDelivery',
    'listDeliveryActions',
    'resendDelivery',
    'getWebhook',
    'listWebhookActions',
    'editWebhook',
    'deleteWebhook',
    'disableWebhook',
    'enableWebhook',
    'rotateWebhookSecret',
    'pingWebhook',
    'getRosterException',
    'listRosterExceptionActions',
    'approveRosterException',
    'rejectRosterException',
    'cancelRosterException',
    'getDeclaredHours',
    'editDeclaredHours',
    'deleteDeclaredHours',
    'getBatchUpload',
    'listBatchUploadActions',
    'listBatchErrors',
    'commitBatchUpload',
    'retryQuarantine',
    'discardQuarantine',
  ],
  'with a body whose sample does not fit': ['reviseFitnessPolicy'],
};
const LISTED = Object.values(UNTRIED).flat();

describe('another company', () => {
  let app: TestApp;
  let mine: TestPerson[];
  let theirs: TestPerson[];
  let all: MountedRoute[];
  let routes: MountedRoute[];
  let tables: string[];
  /** Rows of the other company, by the path in front of their id: its own people can read them there. */
  const known = new Map<string, string>();

  const sql = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> => {
    const client = await app.database.superuser();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  const call = async (who: TestPerson, { contract, path }: MountedRoute, id: string, version = 1) => {
    const forWorkers = contract.clients?.includes('admin') === false;
    const asked = app.http[contract.method](`/angelis${path.replace(PARAM, id).replaceAll(PARAM, () => uuidv7())}`).set(
      {
        authorization: await who.bearer(forWorkers ? 'angelis-worker' : 'angelis-admin'),
        ...(contract.ifMatch && { 'if-match': `"${version}"` }),
        ...(contract.idempotency && { 'idempotency-key': uuidv7() }),
      },
    );
    return contract.body === undefined ? asked : asked.send(sample(contract.body as Loose) as object);
  };
  /** What the first of these people gets who may call it at all. */
  const best = async (people: readonly TestPerson[], route: MountedRoute, id: string): Promise<number> => {
    for (const who of people) {
      const { status } = await call(who, route, id);
      if (status !== 403) return status;
    }
    return 403;
  };
  /** Everything the other company has, as one hash a table. */
  const picture = async (): Promise<Loose> => {
    const pairs = await Promise.all(
      tables.map(async (table) => {
        const [row] = await sql<{ hash: string }>(
          `select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) as hash from ${table} t where company_id = $1`,
          [theirs[0]!.companyId],
        );
        return [table, row!.hash] as const;
      }),
    );
    return Object.fromEntries(pairs);
  };

  before(async function prepare() {
    this.timeout(180_000);
    app = await startApp({ observed: false });
    const { db, system, keys, companyVault } = app.platform;
    const { companies } = await loadDemo(
      {
        db,
        system,
        companyVault,
        contacts: createContacts(keys),
        nationalIds: createNationalIds({ ...app.platform, rutSetting: RUT_SETTING }),
        now: app.clock.now,
        say: () => undefined,
        analyze: () => Promise.resolve(),
        sealed: () => Promise.resolve(),
        makePartitions: async (back) => {
          await ensurePartitions(system, PARTITIONED_TABLES, app.clock.now(), { back });
        },
      },
      14,
    );
    const staff = (companyId: string) => Promise.all(ROLES.map((role) => addPerson(app, { companyId, roles: [role] })));
    theirs = await staff(companies[1]!.id);
    mine = await staff(companies[2]!.id);
    all = routesOf(app.modules).filter(
      ({ contract }) =>
        !contract.endsSession && contract.permission !== 'public' && contract.produces !== 'text/event-stream',
    );
    routes = all.filter(({ path }) => path.includes(':'));
    for (const route of all)
      if (route.contract.method === 'post' && !route.path.includes(':')) await call(theirs[0]!, route, '');
    tables = (await sql<{ name: string }>(TABLES)).map(({ name }) => name);
    const found = await Promise.all(
      tables.map((table) =>
        sql<{ id: string }>(`select id::text as id from ${table} where company_id = $1 order by id desc limit 3`, [
          theirs[0]!.companyId,
        ]),
      ),
    );
    for (const route of routes) {
      if (route.contract.method !== 'get' || route.path.match(PARAM)!.length > 1 || known.has(prefixOf(route)))
        continue;
      for (const { id } of found.flat()) {
        if ((await best(theirs, route, id)) !== 200) continue;
        known.set(prefixOf(route), id);
        break;
      }
    }
  });
  after(() => app.close());

  /** What people of one company are told of the other's rows, where it is not that there are none. A body that does not fit tries nothing. */
  const toldOf = async (chosen: readonly MountedRoute[]): Promise<{ untried: string[]; told: string[] }> => {
    const told: string[] = [];
    const untried: string[] = [];
    for (const route of chosen) {
      const { id: name } = route.contract;
      const id = known.get(prefixOf(route));
      if (id === undefined) {
        untried.push(name);
        continue;
      }
      const status = await best(mine, route, id);
      if (status === 422 || (status === 403 && isOperators(route))) untried.push(name);
      else if (status !== 404) told.push(`${name}: ${status}`);
    }
    return { untried, told };
  };

  it('has rows that its own people see', () => {
    expect(known.size).to.be.above(25);
  });

  it('shows none of them', async function run() {
    this.timeout(180_000);
    const { untried, told } = await toldOf(routes.filter(({ contract }) => contract.method === 'get'));
    expect(told).to.deep.equal([]);
    expect(untried.filter((name) => !LISTED.includes(name))).to.deep.equal([]);
  });

  it('has none of them changed, nor is told what would be wrong with the change', async function run() {
    this.timeout(180_000);
    const before = await picture();
    const { untried, told } = await toldOf(routes.filter(({ contract }) => contract.method !== 'get'));
    expect(told).to.deep.equal([]);
    expect(await picture()).to.deep.equal(before);
    expect(untried.filter((name) => !LISTED.includes(name))).to.deep.equal([]);
  });
});

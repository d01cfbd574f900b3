import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { loadDemo } from '../../src/demo/load.ts';
import { createContacts } from '../../src/modules/identity/persons/contact.ts';
import { createQuarantine } from '../../src/modules/fitness/ingest/quarantine.ts';
import type { RawRow } from '../../src/modules/fitness/sources/raw-row.ts';
import { identityOf } from '../../src/modules/fitness/sources/rows.ts';
import { RUT_SETTING } from '../../src/modules/organization/appconfig/settings.ts';
import { createNationalIds } from '../../src/modules/organization/profiles/national-id.ts';
import { ensurePartitions } from '../../src/platform/db/partitions.ts';
import { OPERATOR_COMPANY, systemScope } from '../../src/platform/db/scope.ts';
import { routesOf } from '../../src/platform/http/registry.ts';
import type { MountedRoute } from '../../src/platform/http/registry.ts';
import { PARTITIONED_TABLES } from '../../src/wiring/partitions.ts';
import { addMachine } from '../support/machines.ts';
import { photo } from '../support/pictures.ts';
import { sample } from '../support/sample.ts';
import type { Loose } from '../support/sample.ts';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';
import { addStaff } from '../support/staff.ts';
import { addDepartmentHead, addPerson } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';

/** Rows of a company, and those of the operator that its people must leave alone. */
const TABLES = `
  select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id'
    join pg_attribute i on i.attrelid = c.oid and i.attname = 'id'
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`;
const OPERATORS = ['company', 'ingest_quarantine', 'operator_user', 'person', 'source_company'];

const PARAM = /:\w+/g;
const prefixOf = ({ path }: MountedRoute): string => path.slice(0, path.indexOf(':'));
const isOperators = ({ contract }: MountedRoute): boolean => contract.permission.startsWith('operator:');
/** Together they may call every route of a company's own people. */
const ROLES = ['owner', 'safety_admin', 'health_reader'];

/** Routes by id that are not tried here, and why. A new one is tried, or written down. */
const UNTRIED: Readonly<Record<string, readonly string[]>> = {
  'by a key that every company has, no id': ['getSetting', 'setSetting'],
  'a list, of what there is: empty for others, below': ['getEntityHistory'],
};
const LISTED = Object.values(UNTRIED).flat();
/** What whoever keeps to one department is answered beyond it where that is not 404, and why. */
const BEYOND: Readonly<Record<string, number>> = {
  // Of people: none of them is shown, or taken.
  listDepartmentMembers: 200,
  listSiteMembers: 200,
  placeDepartmentMembers: 403,
  placeSiteMembers: 422,
  // Of nobody: it holds for all, and is written by whoever reaches all.
  getHourAuthorization: 200,
  listHourAuthorizationActions: 200,
  editHourAuthorization: 403,
  deleteHourAuthorization: 403,
  activateHourAuthorization: 403,
  revokeHourAuthorization: 403,
};

type Caller = Pick<TestPerson, 'bearer'>;
interface Item {
  readonly id: string;
}

describe('another company', () => {
  let app: TestApp;
  /** The last one is of the staff, in a support session. */
  let mine: readonly [TestPerson, TestPerson, ...Caller[]];
  let theirs: readonly [TestPerson, ...TestPerson[]];
  let staff: Caller;
  let all: MountedRoute[];
  let routes: MountedRoute[];
  let tables: string[];
  /** Rows of the other company, and of the operator, by the path in front of their id. */
  const known = new Map<string, string>();
  /** Bodies that fit where a sample does not. */
  const bodies = new Map<string, object>();

  const sql = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> => {
    const client = await app.database.superuser();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  let image: Buffer;
  const call = async (who: Caller, { contract, path }: MountedRoute, id: string, version = 1) => {
    const forWorkers = !contract.clients.includes('admin');
    const asked = app.http[contract.method](`/angelis${path.replace(PARAM, id).replaceAll(PARAM, () => uuidv7())}`).set(
      {
        authorization: await who.bearer(forWorkers ? 'angelis-worker' : 'angelis-admin'),
        ...(contract.ifMatch && { 'if-match': `"${version}"` }),
        ...(contract.idempotency && { 'idempotency-key': uuidv7() }),
      },
    );
    if (contract.consumes === 'image/*') return asked.set('content-type', 'image/jpeg').send(image);
    if (contract.consumes !== undefined) return asked.attach('file', Buffer.from('rut\n'), 'people.csv');
    return contract.body === undefined
      ? asked
      : asked.send(bodies.get(contract.id) ?? (sample(contract.body as Loose) as object));
  };
  /** What the first of these people gets who may call it at all. */
  const best = async (people: readonly Caller[], route: MountedRoute, id: string): Promise<number> => {
    for (const who of people) {
      const { status } = await call(who, route, id);
      if (status !== 403) return status;
    }
    return 403;
  };
  const routeOf = (name: string): MountedRoute => all.find(({ contract }) => contract.id === name)!;
  /** The rows that the first of these people sees in a list who may see any. */
  const listed = async <Row = Item>(people: readonly Caller[], list: MountedRoute | undefined): Promise<Row[]> => {
    if (list === undefined) return [];
    for (const who of people) {
      const { status, body } = await call(who, list, '');
      const { items = [] } = body as { items?: Row[] };
      if (status === 200 && items.length > 0) return items;
    }
    return [];
  };
  /** Everything the other company and the operator have, as one hash a table; but not when its own people were seen last. */
  const picture = async (): Promise<Loose> => {
    const pairs = await Promise.all(
      [...tables, ...OPERATORS].map(async (table) => {
        const [row] = await sql<{ hash: string }>(
          `select count(*) || ':' || coalesce(sum(hashtextextended(${table === 'session' ? `(to_jsonb(t) - 'last_seen_at')::text` : 't::text'}, 0)), 0) as hash from ${table} t
           ${OPERATORS.includes(table) ? 'where $1::uuid is not null' : 'where company_id = $1'}`,
          [theirs[0].companyId],
        );
        return [table, row!.hash] as const;
      }),
    );
    return Object.fromEntries(pairs);
  };

  /** The rows that a demo of some days has none of. */
  const fill = async (): Promise<void> => {
    const [{ companyId, profileId }] = theirs;
    const [assignment] = await listed<Item & { profileId: string; endsOn: string }>(theirs, routeOf('listAssignments'));
    const soon = (hours: number) => new Date(app.clock.now().getTime() + hours * 3_600_000).toISOString();
    bodies.set('createApiClient', { name: 'Payroll', scopes: ['workforce:project:read'] });
    bodies.set('createWebhook', { name: 'ERP', url: 'https://hooks.example.cl/angelis', events: ['test_alert'] });
    bodies.set('createDeclaredHours', { profileId, employer: 'Taxi', workedOn: soon(-48).slice(0, 10), minutes: 60 });
    bodies.set('createRosterException', {
      kind: 'call_out',
      profileId: assignment!.profileId,
      assignmentId: assignment!.id,
      shiftKind: 'day',
      startsAt: soon(100),
      endsAt: soon(104),
    });
    bodies.set('askGate', { profileId: assignment!.profileId, purpose: 'assignment' });
    bodies.set('createFeatureGrant', { feature: 'fitness', effect: 'deny', reason: 'Theirs', profileId });
    bodies.set('createLegalHold', { profileId, reason: 'Court' }).set('createResident', { profileId, pgyLevel: 1 });
    bodies.set('addSystemLink', { system: 'SAFER', externalId: 'theirs' });
    for (const route of all)
      if (route.contract.method === 'post' && !route.path.includes(':')) await call(theirs[0], route, '');
    const scope = systemScope(companyId, 'test', 'a'.repeat(32));
    await app.platform.db.write(scope, (tx) =>
      app.notices.notify(tx, { type: 'test_alert', recipients: [profileId], dedupeKey: 'other-company' }),
    );
    const quarantine = createQuarantine(app.platform.keys.data);
    const lost = (raw: RawRow, owner: string | null, reason: string) => [
      { raw, identity: identityOf(raw), companyId: owner, reason, pointer: null },
    ];
    await app.platform.db.write({ ...scope, companyId: OPERATOR_COMPANY }, async (tx) => {
      await quarantine.keep(tx, 'SAFER', lost({ id: '1' }, companyId, 'UNKNOWN_PERSON'));
      await quarantine.keep(tx, 'SAFER', lost({ id: '2' }, null, 'UNKNOWN_COMPANY'));
    });
    await call(theirs[0], routeOf('addSystemLink'), profileId);
    const credential = { profileId, kind: 'altitude_exam', issuer: 'Mutual', validFrom: soon(-48).slice(0, 10) };
    bodies.set('createCredential', credential);
    const { body: made } = await call(theirs[0], routeOf('createCredential'), '');
    await call(theirs[0], routeOf('setCredentialEvidence'), (made as Item).id);
    const { body: left } = await call(theirs[0], routeOf('createProfile'), '');
    await call(theirs[0], routeOf('eraseProfile'), (left as Item).id);
    known.set('/admin/credential/', (made as Item).id);
    known.set('/admin/person/', theirs[0].personId);
    for (const path of ['/admin/role/effective/', '/admin/feature/effective/']) known.set(path, profileId);
    known.set('/admin/companies/', companyId).set('/privacy/export/', profileId);
  };
  /** Somebody of the staff who was let into a company. */
  const supporter = async (companyId: string): Promise<Caller> => {
    const person = await addStaff(app, 'support');
    await app.http
      .post('/angelis/admin/internal_user/support-session')
      .set({ authorization: await person.bearer() })
      .send({ companyId, reason: 'Looks at what others have' })
      .expect(200);
    return person;
  };

  before(async function prepare() {
    this.timeout(180_000);
    app = await startApp({ observed: false });
    image = await photo(100);
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
    all = routesOf(app.modules).filter(
      ({ contract }) =>
        !contract.endsSession && contract.permission !== 'public' && contract.produces !== 'text/event-stream',
    );
    routes = all.filter(({ path }) => path.includes(':'));
    const people = (companyId: string) =>
      Promise.all(ROLES.map((role) => addPerson(app, { companyId, roles: [role] })));
    const [their, own] = [companies[1]!.id, companies[2]!.id];
    theirs = (await people(their)) as [TestPerson, ...TestPerson[]];
    staff = await addStaff(app);
    mine = [...((await people(own)) as [TestPerson, TestPerson, ...TestPerson[]]), await supporter(own)];
    await fill();
    tables = (await sql<{ name: string }>(TABLES)).map(({ name }) => name).filter((name) => !OPERATORS.includes(name));
    const lists = new Map(all.filter(({ contract }) => contract.method === 'get').map((route) => [route.path, route]));
    for (const [prefix, [first]] of Map.groupBy(routes, prefixOf)) {
      if (known.has(prefix)) continue;
      const [row] = await listed(isOperators(first!) ? [staff] : theirs, lists.get(prefix.slice(0, -1)));
      if (row !== undefined) known.set(prefix, row.id);
    }
    await best(theirs, routeOf('setProfilePhoto'), known.get('/admin/profile/')!);
    const { body: policy } = await call(theirs[1]!, routeOf('getFitnessPolicy'), known.get('/fitness/policies/')!);
    bodies.set('reviseFitnessPolicy', { policy: (policy as Loose)['policy'], reason: 'Somebody else’s' });
  });
  after(() => app.close());

  /** What people of one company are told of the other's and the operator's rows, where it is not that there are none. A body that does not fit tries nothing. */
  const toldOf = async (chosen: readonly MountedRoute[]): Promise<{ untried: string[]; told: string[] }> => {
    const told: string[] = [];
    const untried: string[] = [];
    for (const route of chosen) {
      const { id: name } = route.contract;
      const id = known.get(prefixOf(route));
      if (LISTED.includes(name)) continue;
      const status = id === undefined ? 422 : await best(mine, route, id);
      if (status === 422) untried.push(name);
      else if (status !== (isOperators(route) ? 403 : 404)) told.push(`${name}: ${status}`);
    }
    return { untried, told };
  };

  it('has rows that its own people see, and the operator’s staff theirs', async () => {
    const unseen: string[] = [];
    for (const route of routes.filter(({ contract }) => contract.method === 'get')) {
      const id = known.get(prefixOf(route));
      if (LISTED.includes(route.contract.id) || id === undefined) continue;
      const status = await best(isOperators(route) ? [staff] : theirs, route, id);
      if (status !== 200) unseen.push(`${route.contract.id}: ${status}`);
    }
    expect(unseen).to.deep.equal([]);
  });

  it('shows none of them', async function run() {
    this.timeout(180_000);
    const { untried, told } = await toldOf(routes.filter(({ contract }) => contract.method === 'get'));
    expect(told).to.deep.equal([]);
    expect(untried).to.deep.equal([]);
  });

  it('has none of them changed, nor is told what would be wrong with the change', async function run() {
    this.timeout(180_000);
    const before = await picture();
    const { untried, told } = await toldOf(routes.filter(({ contract }) => contract.method !== 'get'));
    expect(told).to.deep.equal([]);
    expect(await picture()).to.deep.equal(before);
    expect(untried).to.deep.equal([]);
  });

  it('shows nothing of what happened to them, nor takes a part of them for one of a row of one’s own', async () => {
    const [{ profileId, companyId }] = theirs;
    await app.sealed(companyId);
    const history = async (who: Caller) => {
      const asked = app.http.get(`/angelis/admin/auditLog/history/credential/${known.get('/admin/credential/')}`);
      const { body } = await asked.set({ authorization: await who.bearer() }).expect(200);
      return (body as { items: Item[] }).items.length;
    };
    expect(await history(theirs[0])).to.be.above(0);
    for (const who of [mine[0], mine.at(-1)!]) expect(await history(who)).to.equal(0);
    const [link] = await sql<Item>('select id from system_link where company_id = $1 and profile_id = $2', [
      companyId,
      profileId,
    ]);
    await app.http
      .delete(`/angelis/admin/profile/${mine[1].profileId}/system-link/${link!.id}`)
      .set({ authorization: await mine[0].bearer(), 'if-match': '"1"' })
      .expect(404);
  });

  describe('and a department of which nobody else is', () => {
    let head: TestPerson;
    const aboutRows = () => all.filter(({ contract }) => app.platform.catalogue()[contract.permission] === 'rows');

    before(async () => {
      head = await addDepartmentHead(app, theirs[0].companyId);
    });

    it('lets whoever keeps to it list nobody beyond', async () => {
      const own = [head.companyId, head.profileId];
      const people = await sql<Item>('select id from profile where company_id = $1 and id <> $2', own);
      const told: string[] = [];
      for (const route of aboutRows().filter(({ contract }) => contract.method === 'get')) {
        const { status, text } = await call(head, route, known.get(prefixOf(route)) ?? '');
        if (status === 200 && people.some(({ id }) => text.includes(id))) told.push(route.contract.id);
      }
      expect(told).to.deep.equal([]);
    });

    it('shows and changes none of the rows beyond', async function run() {
      this.timeout(180_000);
      const before = await picture();
      const told: string[] = [];
      for (const route of aboutRows().filter(({ path }) => path.includes(':'))) {
        const { id: name } = route.contract;
        const { status } = await call(head, route, known.get(prefixOf(route))!);
        if (status !== (BEYOND[name] ?? 404)) told.push(`${name}: ${status}`);
      }
      expect(told).to.deep.equal([]);
      expect(await picture()).to.deep.equal(before);
    });

    it('makes nothing for anybody beyond', async () => {
      const before = await picture();
      const { profileId } = theirs[0];
      const made: string[] = [];
      for (const route of aboutRows().filter(
        ({ path, contract }) => contract.method === 'post' && !path.includes(':'),
      )) {
        const { id: name } = route.contract;
        const schema = (route.contract.body ?? {}) as Loose & { properties?: Loose };
        const isAbout = schema.properties?.['profileId'] !== undefined;
        bodies.set(name, { ...(bodies.get(name) ?? (sample(schema) as object)), ...(isAbout && { profileId }) });
        const { status } = await call(head, route, '');
        if (![403, 404, 422].includes(status)) made.push(`${name}: ${status}`);
      }
      expect(made).to.deep.equal([]);
      expect(await picture()).to.deep.equal(before);
    });
  });

  describe('and a machine client, whose scopes are all that there are', () => {
    let [own, strange]: Caller[] = [];
    const open = () =>
      all.filter(({ contract: { clients, permission } }) => clients.includes('machine') && permission !== 'signed-in');
    const rows = () => open().filter(({ path }) => path.includes(':'));
    const lists = () => open().filter(({ path, contract }) => contract.method === 'get' && !path.includes(':'));
    const writes = () => open().filter(({ contract }) => contract.method === 'post');
    const statuses = async (who: Caller, chosen: readonly MountedRoute[]): Promise<number[]> => {
      const found = new Set<number>();
      for (const route of chosen) found.add((await call(who, route, known.get(prefixOf(route)) ?? '')).status);
      return [...found];
    };
    const idsIn = async (people: readonly Caller[], list: MountedRoute) =>
      (await listed(people, list)).map(({ id }) => id);

    before(async () => {
      own = await addMachine(app, theirs[0].companyId);
      strange = await addMachine(app, mine[0].companyId);
      const [{ profileId }] = theirs;
      bodies.set('submitSignal', { profileId, kind: 'in_cab' }).set('submitSelfReport', { profileId, kss: 3 });
    });

    it('shows and lists to its own what its people see, and takes what it has seen', async () => {
      expect(await statuses(own!, rows())).to.deep.equal([200]);
      for (const list of lists()) expect(await idsIn([own!], list), list.path).to.deep.equal(await idsIn(theirs, list));
      expect(await statuses(own!, writes())).to.deep.equal([201]);
    });

    it('shows and lists nothing to another’s, nor takes anything', async () => {
      const before = await picture();
      expect(await statuses(strange!, rows())).to.deep.equal([404]);
      for (const list of lists()) {
        const told = await idsIn([strange!], list);
        for (const id of await idsIn(theirs, list)) expect(told, list.path).not.to.include(id);
      }
      expect([404, 422]).to.include.members(await statuses(strange!, writes()));
      expect(await picture()).to.deep.equal(before);
    });
  });
});

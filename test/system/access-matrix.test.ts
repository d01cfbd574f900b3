import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM_ROLES } from '../../src/modules/organization/roles/system-roles.ts';
import type { SystemRole } from '../../src/modules/organization/roles/system-roles.ts';
import type { About, Catalogue } from '../../src/platform/access/catalogue.ts';
import { decide, matches } from '../../src/platform/access/decision.ts';
import type { Client } from '../../src/platform/access/principal.ts';
import { routesOf } from '../../src/platform/http/registry.ts';
import type { MountedRoute } from '../../src/platform/http/registry.ts';
import type { SignInClient } from '../../src/platform/identity-provider/port.ts';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';
import { addCompany } from '../support/companies.ts';
import { addMachine } from '../support/machines.ts';
import { addDepartmentHead, addPerson } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import { addStaff } from '../support/staff.ts';

/**
 * Who may call what, and what the permission is about, written down: a change of it has to be seen in a review. `npm run access`
 * writes it anew, as it does the catalogue of permissions that commands read.
 */
type Matrix = Record<
  string,
  { clients: readonly Client[]; about?: About; roles: readonly string[] | 'public' | 'signed-in' }
>;

/** Who calls, by the clients that can: staff have no other than `admin`, a machine is its own. */
interface Caller extends Pick<SystemRole, 'code' | 'reach' | 'grants' | 'denies'> {
  readonly clients: readonly Client[];
}

const COMPANY_CLIENTS: readonly Client[] = ['admin', 'worker'];
const ADMIN_ONLY: readonly Client[] = ['admin'];
const FILE = new URL('access-matrix.json', import.meta.url);
const CATALOGUE_FILE = new URL('../../config/permissions.json', import.meta.url);
const ROLES = SYSTEM_ROLES.filter(({ scope }) => scope === 'company');
const STAFF = ['superadmin', 'support', 'operator_auditor'] as const;
/** A machine client that was given every scope that there is. */
const MACHINE: Caller = { code: 'machine', reach: 'company', grants: ['*:*:*'], denies: [], clients: ['machine'] };
const CALLERS: readonly Caller[] = [
  ...SYSTEM_ROLES.map((role) => ({ ...role, clients: role.scope === 'company' ? COMPANY_CLIENTS : ADMIN_ONLY })),
  MACHINE,
];
const PROVIDER_CLIENT = { admin: 'angelis-admin', worker: 'angelis-worker' } as const satisfies Partial<
  Record<Client, SignInClient>
>;
const clientsOf = ({ contract }: MountedRoute): readonly Client[] => contract.clients;

const declared = (routes: readonly MountedRoute[], catalogue: Catalogue): Matrix =>
  Object.fromEntries(
    routes.map((mounted) => {
      const { permission, id } = mounted.contract;
      const holders = CALLERS.filter(({ code, reach, grants, denies, clients }) => {
        if (!clients.some((client) => clientsOf(mounted).includes(client))) return false;
        const all = [
          ...grants.map((pattern) => ({ permission: pattern, effect: 'grant' as const })),
          ...denies.map((pattern) => ({ permission: pattern, effect: 'deny' as const })),
        ];
        const given = { grants: all.map((grant) => ({ ...grant, reach, role: code })) };
        return decide(given, permission, catalogue[permission]).allowed;
      });
      const roles =
        permission === 'public' || permission === 'signed-in' ? permission : holders.map(({ code }) => code);
      const about = catalogue[permission];
      return [
        `${id} ${mounted.contract.method.toUpperCase()} ${mounted.path}`,
        { clients: clientsOf(mounted), ...(about && { about }), roles },
      ];
    }),
  );

describe('the access matrix', () => {
  let app: TestApp;
  let people: Map<string, TestPerson>;
  /** `Bearer …` of those who are no people of a company, by the code of their row. */
  let outsiders: Map<string, string>;
  let routes: MountedRoute[];
  let matrix: Matrix;
  let catalogue: Catalogue;

  before(async function prepare() {
    this.timeout(60_000);
    app = await startApp();
    // Tokens last for minutes, which a slow machine needs for all of it.
    app.clock.set(new Date());
    routes = routesOf(app.modules);
    catalogue = app.platform.catalogue();
    if (process.env['ANGELIS_WRITE_ACCESS'] !== undefined) {
      const inOrder = Object.entries(catalogue).toSorted(([a], [b]) => (a < b ? -1 : 1));
      writeFileSync(FILE, `${JSON.stringify(declared(routes, catalogue), null, 2)}\n`);
      writeFileSync(CATALOGUE_FILE, `${JSON.stringify(Object.fromEntries(inOrder), null, 2)}\n`);
    }
    matrix = JSON.parse(readFileSync(FILE, 'utf8')) as Matrix;
    const companyId = await addCompany(app.database);
    people = new Map();
    for (const { code } of ROLES) people.set(code, await addPerson(app, { companyId, roles: [code] }));
    outsiders = new Map();
    for (const role of STAFF) outsiders.set(role, await (await addStaff(app, role)).bearer());
    outsiders.set('support_session', await supportSession(companyId));
    outsiders.set('machine', await (await addMachine(app, await addCompany(app.database))).bearer());
  });
  after(() => app.close());

  const supportSession = async (companyId: string): Promise<string> => {
    const authorization = await (await addStaff(app, 'support')).bearer();
    const body = { companyId, reason: 'Looks who may call what' };
    await app.http.post('/angelis/admin/internal_user/support-session').set({ authorization }).send(body).expect(200);
    return authorization;
  };

  /** A stream that opens never ends: a query that does not fit stops it short, once the caller may call it at all. */
  const queryOf = ({ contract }: MountedRoute): string =>
    contract.produces === 'text/event-stream' ? '?stop=short' : '';
  const call = (mounted: MountedRoute, headers: Record<string, string>) =>
    app.http[mounted.contract.method](
      `/angelis${mounted.path.replaceAll(/:\w+/g, () => uuidv7())}${queryOf(mounted)}`,
    ).set(headers);
  /** One token for all that somebody calls by a client: thousands would each be signed and verified. */
  const tokens = new Map<string, Promise<string>>();
  const bearerOf = (role: string, client: SignInClient): Promise<string> => {
    const key = `${role} by ${client}`;
    const token = tokens.get(key) ?? people.get(role)!.bearer(client);
    tokens.set(key, token);
    return token;
  };
  const keyOf = ({ contract, path }: MountedRoute): string => `${contract.id} ${contract.method.toUpperCase()} ${path}`;
  const guarded = () => routes.filter(({ contract }) => contract.permission !== 'public');
  /** Routes that end the caller's own session would change what comes after. */
  const endsSession = ({ contract }: MountedRoute): boolean => contract.endsSession === true;
  const clientFor = (mounted: MountedRoute): SignInClient | undefined =>
    clientsOf(mounted).includes('admin')
      ? PROVIDER_CLIENT.admin
      : clientsOf(mounted).includes('worker')
        ? PROVIDER_CLIENT.worker
        : undefined;

  const clientsFit = (mounted: MountedRoute, who: string): boolean =>
    CALLERS.find(({ code }) => code === who)!.clients.some((client) => clientsOf(mounted).includes(client));

  it('is written down for every route, as the routes declare it', () => {
    expect(matrix).to.deep.equal(declared(routes, catalogue));
    expect(JSON.parse(readFileSync(CATALOGUE_FILE, 'utf8'))).to.deep.equal(catalogue);
  });

  it('has roles whose every grant and deny means a permission that there is, in the areas that there are', () => {
    const known = Object.keys(catalogue);
    const areas = new Set(['*', ...known.map((permission) => permission.split(':')[0]!)]);
    const lost = SYSTEM_ROLES.flatMap(({ code, grants, denies }) =>
      [...grants, ...denies]
        .filter((pattern) => areas.has(pattern.split(':')[0]!) && !known.some((one) => matches(pattern, one)))
        .map((pattern) => `${code}: ${pattern}`),
    );
    expect(lost).to.deep.equal([]);
  });

  it('answers 401 without a token, with a broken one and with an expired one', async function run() {
    this.timeout(120_000);
    const { keycloakId } = people.get('admin')!;
    const past = Math.floor(app.clock.now().getTime() / 1000) - 3_600;
    const expired = await app.identityProvider.mint({
      user: { id: keycloakId },
      client: 'angelis-admin',
      claims: { iat: past - 300, exp: past },
    });
    const wrong: string[] = [];
    for (const mounted of guarded()) {
      const answers = await Promise.all([
        call(mounted, {}),
        call(mounted, { authorization: 'Bearer nonsense' }),
        call(mounted, { authorization: `Bearer ${expired}` }),
      ]);
      const statuses = answers.map(({ status }) => status).join();
      if (statuses !== '401,401,401') wrong.push(`${keyOf(mounted)}: ${statuses}`);
    }
    expect(wrong).to.deep.equal([]);
  });

  it('answers 403 to every role that is not written down, and lets the others through', async function run() {
    this.timeout(180_000);
    const wrong: string[] = [];
    const ask = async (mounted: MountedRoute, who: string, authorization: string): Promise<void> => {
      const { roles } = matrix[keyOf(mounted)]!;
      const { status, body } = await call(mounted, { authorization });
      const { code = '' } = body as { code?: string };
      const refused = status === 403 && ['FORBIDDEN', 'WRONG_CLIENT'].includes(code);
      const isRight =
        roles === 'signed-in'
          ? code !== 'FORBIDDEN' && (code !== 'WRONG_CLIENT') === clientsFit(mounted, who)
          : refused !== roles.includes(who);
      if (!isRight || status === 401 || status >= 500) wrong.push(`${keyOf(mounted)} as ${who}: ${status} ${code}`);
    };
    for (const mounted of guarded().filter((each) => !endsSession(each))) {
      const client = clientFor(mounted);
      const bearers = new Map(outsiders);
      if (client !== undefined) for (const role of people.keys()) bearers.set(role, await bearerOf(role, client));
      await Promise.all([...bearers].map(([who, bearer]) => ask(mounted, who, bearer)));
    }
    expect(wrong).to.deep.equal([]);
  });

  it('lets nobody whose every role is scoped near the company as a whole', async function run() {
    this.timeout(120_000);
    const { companyId } = people.get('owner')!;
    const scoped = await addDepartmentHead(app, companyId);
    const wrong: string[] = [];
    for (const mounted of guarded().filter((each) => !endsSession(each))) {
      const about = catalogue[mounted.contract.permission];
      const client = clientFor(mounted);
      if (about === undefined || client === undefined) continue;
      const { status, body } = await call(mounted, { authorization: await scoped.bearer(client) });
      const { code = '' } = body as { code?: string };
      const isRefused = status === 403 && code === 'FORBIDDEN';
      if (isRefused !== (about === 'company') || status >= 500) wrong.push(`${keyOf(mounted)}: ${status} ${code}`);
    }
    expect(wrong).to.deep.equal([]);
  });

  it('leaves what administers a company to those who came by the client of administrators, but for rosters and credentials', () => {
    const open = guarded().filter(
      (mounted) => mounted.path.startsWith('/admin/') && clientsOf(mounted).includes('worker'),
    );
    expect([...new Set(open.map(({ path }) => path.split('/')[2]))]).to.have.members(['assignment', 'credential']);
  });

  it('lets machine clients read, and write nothing but what they saw or were told, and questions to the gate', () => {
    const open = guarded().filter((mounted) => clientsOf(mounted).includes('machine'));
    const written = open.filter(({ contract }) => contract.method !== 'get').map(({ contract }) => contract.id);
    expect(written).to.have.members(['introspectToken', 'submitSelfReport', 'submitSignal', 'askGate']);
    const owns = /^\/(?:worker|supervisor|manager|notification|auth\/me)(?:\/|$)/;
    const personal = open.filter(({ path }) => owns.test(path)).map(({ contract }) => contract.id);
    expect(personal).to.have.members(['explainMyPermissions', 'listMyFeatures']);
  });

  it('answers 403 to the wrong client', async function run() {
    this.timeout(120_000);
    const wrong: string[] = [];
    for (const mounted of guarded()) {
      const others = (['admin', 'worker'] as const).filter((client) => !clientsOf(mounted).includes(client));
      for (const client of others) {
        const { status } = await call(mounted, { authorization: await bearerOf('owner', PROVIDER_CLIENT[client]) });
        if (status !== 403) wrong.push(`${keyOf(mounted)} by ${client}: ${status}`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it('answers 403 to a request that names another company', async function run() {
    this.timeout(120_000);
    const other = await addCompany(app.database);
    const wrong: string[] = [];
    for (const mounted of guarded()) {
      const client = clientFor(mounted);
      if (client === undefined) continue;
      const { status } = await call(mounted, {
        authorization: await bearerOf('owner', client),
        'x-company-id': other,
      });
      if (status !== 403) wrong.push(`${keyOf(mounted)}: ${status}`);
    }
    expect(wrong).to.deep.equal([]);
  });

  it('answers 401 to a person who was disabled, from the next request on', async function run() {
    this.timeout(120_000);
    const { companyId } = people.get('owner')!;
    const person = await addPerson(app, { companyId, roles: ['owner'] });
    const bearers = new Map<SignInClient, string>();
    for (const client of Object.values(PROVIDER_CLIENT)) {
      bearers.set(client, await person.bearer(client));
      await app.http.get('/angelis/admin/project').set({ authorization: bearers.get(client)! });
    }
    const client = await app.database.superuser();
    await client.query(`update person set status = 'disabled', epoch = epoch + 1 where id = $1`, [person.personId]);
    const wrong: string[] = [];
    for (const mounted of guarded()) {
      const by = clientFor(mounted);
      if (by === undefined) continue;
      const { status } = await call(mounted, { authorization: bearers.get(by)! });
      if (status !== 401) wrong.push(`${keyOf(mounted)}: ${status}`);
    }
    expect(wrong).to.deep.equal([]);
  });
});

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { OPERATOR_COMPANY, systemScope } from '../../src/platform/db/scope.ts';
import { rutCheckDigit } from '../../src/platform/text/rut.ts';
import type { TestSystem } from '../support/system.ts';
import { eventually, LINK, mailedTo, PASSWORD, signInOnAdmin } from './people.ts';
import type { Tokens } from './people.ts';

interface Row {
  readonly id: string;
  readonly version: number;
  readonly status: string;
}
type Method = 'get' | 'post' | 'put' | 'patch';
interface Company {
  readonly id: string;
  readonly slug: string;
}

const MANY = 500;
const rutOf = (body: number): string => `${body}-${rutCheckDigit(String(body))}`;
const WANDA_RUT = rutOf(15_015_015);
const version = (row: Pick<Row, 'version'>) => ({ 'if-match': `"${row.version}"` });

/** Everything of a company's first day goes through the API, on a whole system, whatever parts it stands on. */
export const firstDayScenario = (name: string, start: () => Promise<TestSystem>): void =>
  void describe(`a company’s first day on ${name}`, function firstDay() {
    this.timeout(120_000);
    const day = randomUUID().slice(0, 8);
    const emailOf = (who: string): string => `${who}-${day}@example.cl`;
    let system: TestSystem;
    let requests = 0;
    /** Tokens of who is signed in on the administration. */
    const tokens: Record<string, string> = {};
    let mine: Company;
    let contractor: Company;
    /** The role of its own. */
    let plannerId: string;

    before(async () => {
      system = await start();
    });
    after(() => system.stop());

    const ask = (who: string | undefined, method: Method, path: string, headers: Record<string, string> = {}) => {
      requests += 1;
      const token = who === undefined ? undefined : tokens[who];
      return system.http[method](`/angelis${path}`).set({
        'x-forwarded-for': `203.0.${requests >> 8}.${requests % 256}`,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      });
    };
    const send = async <Body = Row>(
      who: string | undefined,
      method: Method,
      path: string,
      [body, headers]: readonly [object | undefined, Record<string, string>?] = [undefined],
      status = 200,
    ): Promise<Body> => {
      const answer = await ask(who, method, path, headers).send(body);
      expect(answer.status, `${who} ${method} ${path}: ${JSON.stringify(answer.body)}`).to.equal(status);
      return answer.body as Body;
    };
    const read = <Body = Row>(who: string, path: string): Promise<Body> => send<Body>(who, 'get', path);
    const add = <Body = Row>(who: string, path: string, body: object): Promise<Body> =>
      send<Body>(who, 'post', path, [body], 201);
    /** Makes a move of a row as it is now. */
    const move = async (who: string, path: string, step: string, body?: object): Promise<Row> =>
      send(who, 'post', `${path}/${step}`, [body, version(await read(who, path))]);
    const idsOf = async (who: string, path: string): Promise<string[]> =>
      (await read<{ items: Row[] }>(who, path)).items.map(({ id }) => id);

    /** Opens the newest of so many mails with a link, and accepts it. */
    const accept = async (who: string, mails = 1, password = PASSWORD, status = 200): Promise<void> => {
      const token = await mailedTo(system, emailOf(who), LINK, mails);
      await send(undefined, 'post', '/auth/invitation/accept', [{ token, password }], status);
    };
    const enter = async (who: string): Promise<void> => {
      tokens[who] = (await signInOnAdmin(system, emailOf(who))).accessToken;
    };
    const signIn = (identifier: string, headers: Record<string, string> = {}) =>
      ask(undefined, 'post', '/auth/sign-in', headers).send({ identifier, password: PASSWORD });
    /** Adds somebody with a role, and invites them; the id of the profile. */
    const inviteAs = async (by: string, who: string, role: object, more: object = {}): Promise<string> => {
      const person = { firstName: who, lastName: 'Vidal', kind: 'employee', contactEmail: emailOf(who), ...more };
      const { id } = await add(by, '/admin/profile', person);
      await add(by, '/admin/role/assignment', { profileId: id, ...role });
      await move(by, `/admin/profile/${id}`, 'invite', {});
      return id;
    };
    const invite = (by: string, who: string, systemRole: string, more: object = {}): Promise<string> =>
      inviteAs(by, who, { systemRole }, more);
    /** The superadmin makes a company, whose owner comes and finds nothing to write to before it is let in. */
    const open = async (slug: string, owner: string): Promise<Company> => {
      const about = { slug, name: slug, kind: 'standard', timezone: 'America/Santiago', locale: 'es' };
      const made = await add<Row & Company>('olga', '/admin/companies', about);
      const first = { firstName: owner, lastName: 'Prado', email: emailOf(owner), locale: 'es' };
      await send('olga', 'post', `/admin/companies/${made.id}/owner`, [first], 202);
      await accept(owner);
      await enter(owner);
      await send(owner, 'post', '/admin/department', [{ code: 'X', name: 'X' }], 403);
      await move('olga', `/admin/companies/${made.id}`, 'activate');
      return made;
    };
    const isWhole = async (who: string): Promise<void> => {
      expect(await read<{ faults: object[] }>(who, '/admin/auditLog/verify')).to.deep.include({ faults: [] });
    };

    it('begins with a superadmin, who makes it and has its owner come', async () => {
      const scope = systemScope(OPERATOR_COMPANY, 'first day', 'f'.repeat(32));
      const chief = { firstName: 'Olga', lastName: 'Prado', email: emailOf('olga'), locale: 'es' as const };
      await system.identity.staff.create({ scope }, { ...chief, role: 'superadmin' });
      await accept('olga');
      await enter('olga');
      mine = await open(`mina-${day}`, 'rosa');
      expect(await read('rosa', '/admin/companies/current')).to.include({ id: mine.id, status: 'active' });
      await send('rosa', 'get', '/admin/companies', undefined, 403);
    });

    it('gets departments, a site and a role of its own', async () => {
      const { id: parentId } = await add('rosa', '/admin/department', { code: 'MINA', name: 'Mina' });
      const { id: pitId } = await add('rosa', '/admin/department', { code: 'RAJO', name: 'Rajo' });
      const below = () => idsOf('rosa', `/admin/department?belowId=${parentId}`);
      expect(await below()).to.deep.equal([parentId]);
      await move('rosa', `/admin/department/${pitId}`, 'move', { parentId });
      expect(await below()).to.have.members([parentId, pitId]);
      const place = { code: 'NORTE', name: 'Faena Norte', timezone: 'America/Santiago', altitudeM: 3_100 };
      await add('rosa', '/admin/site', place);
      const planner = { code: 'planner', name: 'Planificación', reach: 'company', grants: ['workforce:shift:read'] };
      ({ id: plannerId } = await add('rosa', '/admin/role', { ...planner, denies: [] }));
    });

    it('gives somebody that role, who may do what it says and no more', async () => {
      await inviteAs('rosa', 'pilar', { roleId: plannerId });
      await accept('pilar');
      await enter('pilar');
      const { roles } = await read<{ roles: readonly string[] }>('pilar', '/auth/me');
      expect(roles).to.deep.equal(['planner']);
      expect(await idsOf('pilar', '/admin/assignment/shift')).to.deep.equal([]);
      await send('pilar', 'get', '/admin/profile', undefined, 403);
      await send('pilar', 'post', '/admin/department', [{ code: 'Z', name: 'Z' }], 403);
    });

    it('takes 500 people in from a file', async () => {
      const people = Array.from({ length: MANY }, (_, at) => `Uno,Demuchos${at},${rutOf(16_000_000 + at)},RAJO,NORTE`);
      const file = Buffer.from(`first_name,last_name,rut,department,site\n${people.join('\n')}\n`);
      const sent = await ask('rosa', 'post', '/admin/profile/batch').attach('file', file, { filename: 'people.csv' });
      expect(sent.status, JSON.stringify(sent.body)).to.equal(202);
      const path = `/admin/profile/batch/${(sent.body as Row).id}`;
      const upload = () => read<Row & { validCount: number; committedCount: number }>('rosa', path);
      await eventually(async () => (await upload()).status !== 'uploaded' && (await upload()).status !== 'validating');
      expect(await upload()).to.include({ status: 'validated', validCount: MANY });
      await move('rosa', path, 'commit', {});
      await eventually(async () => (await upload()).status !== 'committing');
      expect(await upload()).to.include({ status: 'committed', committedCount: MANY });
      for (const q of ['demuchos499', rutOf(16_000_250)])
        expect(await idsOf('rosa', `/admin/profile?q=${q}`), q).to.have.length(1);
    });

    it('has a senior admin invite an admin, who invites a supervisor, each of whom reaches as far as they should', async () => {
      await invite('rosa', 'sara', 'senior_admin');
      await accept('sara');
      await enter('sara');
      await invite('sara', 'abel', 'admin');
      await accept('abel');
      await enter('abel');
      const supervisorId = await invite('abel', 'sonia', 'supervisor');
      for (const systemRole of ['admin', 'senior_admin', 'owner'])
        await send('abel', 'post', '/admin/role/assignment', [{ profileId: supervisorId, systemRole }], 403);
      const [first, second] = await idsOf('abel', '/admin/profile?q=demuchos&limit=2');
      for (const id of [first, second])
        await send('abel', 'put', `/admin/profile/${id}/superior`, [{ superiorId: supervisorId }]);
      await accept('sonia');
      await enter('sonia');
      expect(await idsOf('sonia', '/admin/profile')).to.have.members([supervisorId, first!, second!]);
      const third = (await idsOf('abel', '/admin/profile?q=demuchos&limit=3')).at(-1)!;
      await send('sonia', 'get', `/admin/profile/${third}`, undefined, 404);
      await send('sonia', 'post', '/admin/department', [{ code: 'Y', name: 'Y' }], 403);
    });

    it('shares a contractor’s worker with the contractor: one login, two companies, none sees into the other', async () => {
      contractor = await open(`contratista-${day}`, 'carlos');
      const wanda = { nationalId: { kind: 'RUT', value: WANDA_RUT } };
      const theirs = await invite('carlos', 'wanda', 'worker', wanda);
      await accept('wanda');
      const ours = await invite('abel', 'wanda', 'worker', { ...wanda, kind: 'contractor' });
      await accept('wanda', 2, 'otra clave muy larga', 401);
      await accept('wanda', 2);
      for (const [company, profileId] of [
        [mine, ours],
        [contractor, theirs],
      ] as const) {
        const entered = await signIn(WANDA_RUT, { 'x-company-slug': company.slug }).expect(200);
        tokens['wanda'] = (entered.body as Tokens).accessToken;
        const me = await read<{ profileId: string; company: Company }>('wanda', '/auth/me');
        expect([me.profileId, me.company.id]).to.deep.equal([profileId, company.id]);
        await send(
          'wanda',
          'get',
          '/auth/me',
          [undefined, { 'x-company-slug': mine.slug }],
          company === mine ? 200 : 403,
        );
      }
      expect(await idsOf('abel', '/admin/profile?q=wanda')).to.deep.equal([ours]);
      expect(await idsOf('carlos', '/admin/profile?q=wanda')).to.deep.equal([theirs]);
      await send('abel', 'get', `/admin/profile/${theirs}`, undefined, 404);
      await send('carlos', 'get', `/admin/profile/${ours}`, undefined, 404);
    });

    it('erases her when she asks for it and has thought it over: in both companies, at the provider, with the trails whole', async () => {
      const { id } = await send('wanda', 'post', '/privacy/erasure-request', undefined, 201);
      const client = await system.database.superuser();
      await client.query(`update erasure_request set due_at = now() - interval '1 second' where id = $1`, [id]);
      await client.query(`update due_move set due_at = now() - interval '1 second' where entity_id = $1`, [id]);
      await eventually(async () => (await ask('wanda', 'get', '/auth/me')).status === 401);
      await eventually(
        async () => (await system.identityProvider.users.find({ email: emailOf('wanda') })) === undefined,
      );
      for (const { slug } of [mine, contractor]) await signIn(WANDA_RUT, { 'x-company-slug': slug }).expect(401);
      for (const [who, path] of [
        ['abel', '/admin/profile?q=wanda'],
        ['carlos', '/admin/profile?q=wanda'],
        ['abel', `/admin/profile?q=${WANDA_RUT}`],
      ] as const)
        expect(await idsOf(who, path)).to.deep.equal([]);
      for (const who of ['rosa', 'carlos', 'olga']) await isWhole(who);
    });
  });

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { inParallel } from '../../src/platform/process/parallel.ts';
import type { TestSystem } from '../support/system.ts';
import { nightOf } from './night.ts';
import { eventually, PASSWORD, signInOnAdmin, visitorsOf } from './people.ts';
import type { Somebody } from './people.ts';

/** More than two pages of the walk through all users; of a kind no more than a night keeps. */
const EARLY = 280;
const LATE = 460;
/** Requests to the provider at once. */
const LANES = 8;

/** What the nightly comparison with the provider finds and mends, on a whole system, whatever parts it stands on. */
export const reconciliationScenario = (name: string, start: () => Promise<TestSystem>): void =>
  void describe(`the comparison at night on ${name}`, () => {
    let system: TestSystem;
    let companyId: string;
    const visitors = visitorsOf(() => system);
    const { post, signIn, sql } = visitors;
    const { compare, drift } = nightOf(visitors);
    const addWorker = (): Promise<Somebody> => visitors.addSomebody(companyId, ['worker'], PASSWORD);

    before(async () => {
      system = await start();
      companyId = await system.addCompany();
    });
    after(() => system.stop());

    it('finds at night what a fault half-way left, and brings the provider in line', async () => {
      const { users, machineClients } = system.identityProvider;
      const [shut, moved, gone] = [await addWorker(), await addWorker(), await addWorker()];
      await sql(`update person set status = 'disabled' where id = $1`, [shut.personId]);
      await users.update(moved.keycloakId, { email: `${randomUUID()}@example.cl`, firstName: 'Otra' });
      await users.remove(gone.keycloakId);
      const orphan = await users.create({ username: `u-${uuidv7()}`, enabled: true, emailVerified: true });
      const clientId = `angelis-machine-${uuidv7()}`;
      await machineClients.create({ clientId, name: 'Sin fila' });
      await compare();
      const subjects = [shut.personId, moved.personId, gone.personId, orphan.id, clientId];
      const unknown = [
        ['client_not_ours', clientId, false],
        ['person_missing', orphan.id, false],
      ];
      expect(await drift(subjects)).to.have.deep.members([
        ...unknown,
        ['enabled_differs', shut.personId, true],
        ['email_differs', moved.personId, true],
        ['names_differ', moved.personId, true],
        ['user_missing', gone.personId, true],
      ]);
      await eventually(async () => {
        const waiting = `select 1 from outbox where job = 'identity.person.align' and state = 'waiting' and run_at <= now()`;
        return (await sql(waiting, [])).length === 0;
      });
      expect(await users.find({ id: shut.keycloakId })).to.include({ enabled: false });
      expect(await users.find({ id: moved.keycloakId })).to.include({ email: moved.email, firstName: 'Ana' });
      expect(await users.find({ email: gone.email })).to.include({ username: `u-${gone.personId}` });
      await signIn(moved);
      await compare();
      expect(await drift(subjects)).to.have.deep.members(unknown);
      expect(await users.find({ id: orphan.id })).to.include({ enabled: true });
    });

    it('has a machine client whose secret nobody got: it is reported at night, and works with a new one', async () => {
      const { email } = await visitors.addSomebody(companyId, ['admin'], PASSWORD);
      const { accessToken } = await signInOnAdmin(system, email);
      const { machineClients } = system.identityProvider;
      const { create } = machineClients;
      machineClients.create = () => Promise.reject(new Error('the process is gone'));
      try {
        const body = { name: 'Torniquete', scopes: ['workforce:project:read'] };
        await post('/admin/api-client', body, accessToken).expect(500);
      } finally {
        machineClients.create = create;
      }
      const [half] = await sql<{ id: string; clientId: string }>(
        'select id, client_id as "clientId" from api_client where company_id = $1',
        [companyId],
      );
      const { id, clientId } = half!;
      await compare();
      expect(await drift([clientId])).to.deep.equal([['client_missing', clientId, false]]);
      const rotated = await post(`/admin/api-client/${id}/rotate`, undefined, accessToken)
        .set('if-match', '"1"')
        .expect(200);
      const { secret } = rotated.body as { secret: string };
      const grant = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
      const granted = await system.http.post('/angelis/auth/token').type('form').send(grant).expect(200);
      const { access_token: token } = granted.body as { access_token: string };
      const held = await system.http.get('/angelis/auth/me/permissions').set({ authorization: `Bearer ${token}` });
      expect(held.status).to.equal(200);
      await compare();
      expect(await drift([clientId])).to.deep.equal([]);
    });

    describe('while users come and go', () => {
      type Users = TestSystem['identityProvider']['users'];
      let users: Users;
      let early: string[];
      const late: string[] = [];

      const add = async (username: string): Promise<string> =>
        (await users.create({ username, enabled: true, emailVerified: true })).id;
      before(async () => {
        ({ users } = system.identityProvider);
        early = [];
        await inParallel(Array(EARLY).keys(), LANES, async (n) => {
          early.push(await add(`a-${String(n).padStart(3, '0')}`));
        });
        await inParallel(Array(LATE).keys(), LANES, async () => {
          late.push(await add(`u-${uuidv7()}`));
        });
      });

      /** Compares; while the pages are read `change` is made after each of them, told how many there were. */
      const compareWhile = async (change: (pages: number) => Promise<void>): Promise<void> => {
        const { page } = users;
        let pages = 0;
        users.page = async (range) => {
          const found = await page(range);
          pages += 1;
          await change(pages);
          return found;
        };
        try {
          await compare();
        } finally {
          users.page = page;
        }
      };
      const missing = async (): Promise<unknown[]> => {
        const found = new Set((await drift(late)).map((one) => JSON.stringify(one)));
        return late.filter((id) => !found.has(JSON.stringify(['person_missing', id, false])));
      };

      it('misses nobody whom a few who went moved from one page to the one before', async () => {
        await compareWhile(async (pages) => {
          if (pages > 1) return;
          for (const id of early.splice(0, 3)) await users.remove(id);
        });
        expect(await missing()).to.deep.equal([]);
      });

      it('misses nobody when so many go that the next page begins beyond all that was read', async () => {
        await compareWhile(async (pages) => {
          if (pages > 1) return;
          await inParallel(early.splice(0, 200), LANES, (id) => users.remove(id));
        });
        expect(await missing()).to.deep.equal([]);
      });

      it('names nobody twice whom those who came moved to the next page, and mends nothing of persons', async () => {
        const worker = await addWorker();
        await compareWhile(async (pages) => {
          if (pages === 1) for (const n of [1, 2, 3]) early.push(await add(`a-${n}-${randomUUID()}`));
        });
        expect(await missing()).to.deep.equal([]);
        expect(await drift([worker.personId])).to.deep.equal([]);
      });
    });
  });

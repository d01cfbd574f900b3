import { expect } from 'chai';
import type { Response } from 'supertest';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

interface Row {
  readonly id: string;
  readonly version: number;
}
type Kind = 'department' | 'project';
const KINDS: readonly Kind[] = ['department', 'project'];

describe('what roles are held within', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;
  let number = 0;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const made = async (kind: Kind): Promise<string> => {
    const code = `${kind[0]}${(number += 1)}`;
    return ((await owner.post(`/admin/${kind}`, { code, name: code }).expect(201)).body as Row).id;
  };
  const holder = async (): Promise<string> => (await addPerson(app, { companyId, roles: [] })).profileId;
  const role = { name: 'R', reach: 'company', grants: ['workforce:project:read'], denies: [], maxUsers: 1 };
  const makeRole = async (): Promise<Row> =>
    (await owner.post('/admin/role', { ...role, code: `r${(number += 1)}` }).expect(201)).body as Row;
  const give = (profileId: string, scopeKind: Kind, scopeId: string, what: object = { systemRole: 'supervisor' }) =>
    owner.post('/admin/role/assignment', { profileId, scopeKind, scopeId, ...what });
  const given = async (...args: Parameters<typeof give>): Promise<string> =>
    ((await give(...args).expect(201)).body as Row).id;
  const take = (id: string, by = owner) => by.del(`/admin/role/assignment/${id}`, version(1));
  const remove = (kind: Kind, id: string) => owner.del(`/admin/${kind}/${id}`, version(1));
  const codeOf = ({ body }: Response): string => (body as { code: string }).code;

  for (const kind of KINDS) {
    it(`a ${kind} is not deleted before the role within it is taken`, async () => {
      const id = await made(kind);
      const assignment = await given(await holder(), kind, id);
      const refused = await remove(kind, id).expect(409);
      expect(refused.body).to.include({ code: 'IN_USE' });
      expect((refused.body as { usedBy: string[] }).usedBy).to.deep.equal(['role_assignment']);
      await take(assignment).expect(204);
      await remove(kind, id).expect(204);
    });

    it(`a ${kind} is not kept by a role of somebody who left, or whose time is over: it goes with it`, async () => {
      const id = await made(kind);
      const { id: roleId } = await makeRole();
      const gone = await holder();
      const left = await given(gone, kind, id, { roleId });
      const row = (await owner.get(`/admin/profile/${gone}`).expect(200)).body as Row;
      await owner.post(`/admin/profile/${gone}/end`, { reason: 'left' }, version(row.version)).expect(200);
      const expiresAt = new Date(app.clock.now().getTime() + 60_000).toISOString();
      const over = await given(await holder(), kind, id, { systemRole: 'supervisor', expiresAt });
      expect(codeOf(await remove(kind, id).expect(409))).to.equal('IN_USE');
      await app.database.sql(
        `update role_assignment set expires_at = created_at where company_id = $1 and id = $2 returning id`,
        [companyId, over],
      );
      await remove(kind, id).expect(204);
      await owner.get(`/admin/role/assignment/${left}`).expect(404);
      await owner.get(`/admin/role/assignment/${over}`).expect(404);
      await owner.del(`/admin/role/${roleId}`, version(1)).expect(204);
    });

    it(`a role within a ${kind} that is gone is taken by whoever takes roles of the company`, async () => {
      const [id, other] = [await made(kind), await made(kind)];
      const { id: roleId } = await makeRole();
      const assignment = await given(await holder(), kind, id, { roleId });
      const head = await addPerson(app, { companyId, roles: [] });
      await given(head.profileId, kind, other, { systemRole: 'admin' });
      await app.database.sql(`update ${kind} set deleted_at = $3 where company_id = $1 and id = $2 returning id`, [
        companyId,
        id,
        app.clock.now(),
      ]);
      const refused = await take(assignment, await clientOf(app, head));
      expect([403, 404]).to.include(refused.status);
      await take(assignment).expect(204);
      await owner.del(`/admin/role/${roleId}`, version(1)).expect(204);
      const again = await give(await holder(), kind, id).expect(422);
      expect(again.body).to.have.nested.property('errors[0].pointer', '/scopeId');
    });

    it(`a ${kind} is not deleted while a role within it is being given`, async () => {
      for (let round = 0; round < 4; round += 1) {
        const id = await made(kind);
        const profileId = await holder();
        const [removed, gave] = await Promise.all([remove(kind, id), give(profileId, kind, id)]);
        const outcome = `${removed.status} ${gave.status}`;
        expect(['409 201', '204 422'], outcome).to.include(outcome);
      }
    });
  }
});

import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { nightOf } from '../scenarios/night.ts';
import { visitorsOf } from '../scenarios/people.ts';
import { reconciliationScenario } from '../scenarios/reconciliation.scenario.ts';
import { openRealm } from '../support/servers/realm.ts';
import { systemOnServers } from '../support/servers/system.ts';
import type { TestSystem } from '../support/system.ts';

reconciliationScenario('real servers', systemOnServers(10));

describe('the comparison at night on real servers with a role of a machine client', () => {
  let system: TestSystem;
  const visitors = visitorsOf(() => system);
  const { compare, drift } = nightOf(visitors);

  before(async () => {
    system = await systemOnServers(13)();
  });
  after(() => system.stop());

  it('names people and users who hold one, whatever it carries, and takes nothing from them', async () => {
    const { identityProvider } = system;
    const { users, machineClients } = identityProvider;
    const companyId = await system.addCompany();
    const [holder, other] = [await visitors.addSomebody(companyId, []), await visitors.addSomebody(companyId, [])];
    const stranger = await users.create({ username: `by-hand-${uuidv7()}`, enabled: true, emailVerified: true });
    const clientId = `angelis-machine-${uuidv7()}`;
    await machineClients.create({ clientId, name: 'Torniquete' });

    const console = await openRealm(identityProvider.issuer.split('/').at(-1)!).console();
    const clientOf = async (name: string) => (await console.clients.find({ clientId: name }))[0]!.id!;
    const [id, administration] = [await clientOf(clientId), await clientOf('realm-management')];
    const roleOf = async (client: string, roleName: string) => {
      const found = (await console.clients.findRole({ id: client, roleName }))!;
      return { ...found, id: found.id!, name: found.name! };
    };
    for (const name of ['reader', 'chief']) await console.clients.createRole({ id, name });
    const [reader, chief] = [await roleOf(id, 'reader'), await roleOf(id, 'chief')];
    await console.roles.createComposite({ roleId: chief.id }, [await roleOf(administration, 'manage-users')]);
    const account = await console.clients.getServiceAccountUser({ id });
    const give = (userId: string, role: typeof reader) =>
      console.users.addClientRoleMappings({ id: userId, clientUniqueId: id, roles: [role] });
    await give(holder.keycloakId, chief);
    await give(stranger.id, reader);
    await give(account.id!, reader);

    const subjects = [holder.personId, holder.keycloakId, other.personId, other.keycloakId, stranger.id, account.id!];
    const unknown = ['user_not_ours', stranger.id, false];
    await compare();
    expect(await drift(subjects)).to.have.deep.members([
      ['machine_role_held', holder.personId, false],
      ['machine_role_held', stranger.id, false],
      unknown,
    ]);
    const left = await console.users.listClientRoleMappings({ id: holder.keycloakId, clientUniqueId: id });
    expect(left.map(({ name }) => name)).to.deep.equal(['chief']);

    for (const [userId, role] of [
      [holder.keycloakId, chief],
      [stranger.id, reader],
    ] as const)
      await console.users.delClientRoleMappings({ id: userId, clientUniqueId: id, roles: [role] });
    await compare();
    expect(await drift(subjects)).to.deep.equal([unknown]);
  });
});

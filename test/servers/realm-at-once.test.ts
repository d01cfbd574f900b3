import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { APPLYING } from '../../src/platform/identity-provider/keycloak/realm-lock.ts';
import { openRealm } from '../support/servers/realm.ts';
import { openRealmCommands } from '../support/servers/realm-commands.ts';
import type { RealmCommands } from '../support/servers/realm-commands.ts';

const AT_ONCE = 3;
const WAITS = /^Somebody else is applying the file to the realm/;

describe('angelis realm apply, several at once on a real Keycloak', () => {
  const name = `angelis-${randomUUID().slice(0, 8)}`;
  const realm = openRealm(name);
  let commands: RealmCommands;
  before(async () => {
    commands = await openRealmCommands(name);
  });
  after(() => realm.drop());

  /** What each of them printed, but that it waited. */
  const together = async (): Promise<string[][]> => {
    const printed = await Promise.all(Array.from({ length: AT_ONCE }, () => commands.applied()));
    return printed.map((lines) => lines.filter((line) => !WAITS.test(line)));
  };
  const isWell = async (): Promise<void> => {
    expect((await commands.drift()).join()).to.match(/^No drift/);
    expect(await commands.faults()).to.deep.equal(['Nothing wrong.']);
  };

  it('makes one realm', async () => {
    const first = (await together()).map(([line]) => line!);
    expect(first.filter((line) => line.startsWith('The realm')).length, first.join()).to.equal(1);
    expect(first.filter((line) => line.startsWith('Nothing to change')).length, first.join()).to.equal(AT_ONCE - 1);
    await isWell();
  });

  it('mends flows that people sign in by once, one after the other', async () => {
    const console = await realm.console();
    for (const flow of ['angelis-browser', 'angelis-password']) {
      const [step] = await console.authenticationManagement.getExecutions({ flow });
      await console.authenticationManagement.updateExecution({ flow }, { ...step!, requirement: 'DISABLED' });
    }
    const first = (await together()).map(([line]) => line!);
    expect(first.filter((line) => /^\d+ changes?, as it was before/.test(line)).length, first.join()).to.equal(1);
    expect(first.filter((line) => line.startsWith('Nothing to change')).length, first.join()).to.equal(AT_ONCE - 1);
    await isWell();
  });

  it('goes on where one was killed, once nothing is heard of it', async () => {
    const console = await realm.console();
    await console.roles.create({ name: APPLYING, description: 'of somebody who is gone' });
    await isWell();
    const [waits, nothing] = await commands.applied();
    expect(waits).to.match(WAITS);
    expect(nothing).to.match(/^Nothing to change/);
    expect(await (await realm.console()).roles.findOneByName({ name: APPLYING })).to.equal(null);
  });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { readSettings } from '../../../src/platform/settings/settings.ts';
import { apply, diff, lint } from '../../../src/wiring/commands/realm-run.ts';
import { REALM_FILE } from '../../../src/wiring/realm-file.ts';

// With Keycloak: test/servers/realm.test.ts.
describe('angelis realm without Keycloak', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-realm-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = async (work: (tell: (text: string) => void) => Promise<void>): Promise<readonly string[]> => {
    const lines: string[] = [];
    await work((text) => lines.push(text)).catch((error: unknown) => lines.push(`failed: ${(error as Error).message}`));
    return lines;
  };

  it('lints the file of this release, and another', async () => {
    expect(await run((tell) => lint(undefined, tell))).to.deep.equal(['Nothing wrong.']);
    const other = join(folder, 'other.json');
    await writeFile(other, (await readFile(REALM_FILE, 'utf8')).replace('"failureFactor": 5', '"failureFactor": 50'));
    expect(await run((tell) => lint(other, tell))).to.deep.equal([
      'realm.failureFactor: is 50, must be 5',
      'failed: 1 fault in the realm',
    ]);
    await writeFile(other, 'no realm');
    expect(await run((tell) => lint(other, tell))).to.deep.equal([`failed: ${other} is not JSON`]);
  });

  it('says which setting is missing', async () => {
    const without = readSettings({}, { keep: false });
    const says = 'failed: KEYCLOAK_URL is not set: the development issuer has no realm to look after';
    expect(await run((tell) => diff(without, tell))).to.deep.equal([says]);
    expect(await run((tell) => apply(without, tell, new PassThrough(), new PassThrough()))).to.deep.equal([says]);
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createQuarantine } from '../../../src/modules/fitness/ingest/quarantine.ts';
import { createContacts } from '../../../src/modules/identity/persons/contact.ts';
import { identifierHashes } from '../../../src/modules/identity/persons/identifiers.ts';
import { place } from '../../../src/modules/notifications/webhooks.service.ts';
import { nationalIdHashes } from '../../../src/modules/organization/profiles/national-id.ts';
import { createCompanyVault } from '../../../src/platform/change/company-vault.ts';
import { createVault } from '../../../src/platform/change/vault.ts';
import { parseKeyRing } from '../../../src/platform/crypto/key-ring.ts';
import { open, seal, SealError } from '../../../src/platform/crypto/sealed.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { OPERATOR_COMPANY } from '../../../src/platform/db/scope.ts';
import type { KeySetting } from '../../../src/platform/settings/key-place.ts';
import { readSettings } from '../../../src/platform/settings/settings.ts';
import type { Settings } from '../../../src/platform/settings/settings.ts';
import { rotate, status } from '../../../src/wiring/commands/keys-rotate.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

interface Written {
  readonly personId: string;
  readonly profileId: string;
  readonly webhookId: string;
  readonly quarantineId: string;
  readonly companySealed: string;
  readonly email: string;
  readonly rut: string;
}

const RUT = { kind: 'RUT', value: '12345678-5' };

describe('angelis keys', () => {
  let folder: string;
  let database: TestDatabase;
  let db: Database;
  let companyId: string;
  let env: Record<string, string>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-keys-'));
    database = await cloneDatabase();
    db = database.open({ observed: false });
    companyId = await addCompany(database);
    env = {
      DATABASE_URL: database.url('app'),
      DATABASE_OWNER_URL: database.url('owner'),
      DATABASE_SYSTEM_URL: database.url('system'),
    };
    for (const name of ['DATA_KEY', 'LOOKUP_KEY', 'SIGNING_KEY', 'CHAIN_KEY']) {
      env[`${name}_FILE`] = join(folder, name);
      await writeFile(join(folder, name), `first:${randomBytes(32).toString('base64')}\n`);
    }
  });
  afterEach(async () => {
    await db.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  /** What a process reads when it starts now. */
  const settings = (): Settings => readSettings(env);
  const ringsOf = ({ DATA_KEY, LOOKUP_KEY }: Settings) => ({
    data: parseKeyRing(DATA_KEY),
    lookup: parseKeyRing(LOOKUP_KEY),
  });
  const step = async (name: KeySetting, options: { out?: string; retire?: true } = {}): Promise<string> => {
    const said: string[] = [];
    await rotate(settings(), name, options, (text) => said.push(text), env);
    return said.join('\n');
  };
  const idsOf = (name: KeySetting): string[] => parseKeyRing(settings()[name]).keys.map(({ id }) => id);

  /** Writes one of everything, as a process with these settings does. */
  const write = async (with_: Settings, tag: string): Promise<Written> => {
    const keys = ringsOf(with_);
    const [personId, profileId, webhookId] = [uuidv7(), uuidv7(), uuidv7()];
    const email = `${tag}@example.com`;
    const rut = `${tag}-${RUT.value}`;
    const contacts = createContacts(keys);
    const owner = { id: personId, dataKey: contacts.newKey(personId) };
    const { emailSealed, emailHash } = contacts.email(owner, email);
    const { nationalIdSealed, nationalIdHash } = contacts.nationalId(owner, 'RUT', rut);
    const client = await database.superuser();
    const at = new Date();
    await client.query(
      `insert into person (id, first_name, last_name, locale, status, data_key, created_at, updated_at,
         email_sealed, email_hash, national_id_sealed, national_id_hash)
       values ($1, 'Ana', 'Rojas', 'en', 'active', $2, $3, $3, $4, $5, $6, $7)`,
      [personId, owner.dataKey, at, emailSealed, emailHash, nationalIdSealed, nationalIdHash],
    );
    const secret = seal('a secret of a webhook', keys.data, place(webhookId));
    await client.query(
      `insert into webhook_endpoint (company_id, id, name, url, events, status, secret_sealed, previous_sealed,
         previous_until, created_at, updated_at)
       values ($1, $2, $3, 'https://example.com', '{}', 'active', $4, $4, $5, $5, $5)`,
      [companyId, webhookId, tag, secret, at],
    );
    const companySealed = await db.write(scopeOf(companyId), async (tx) => {
      const sealed = await createVault(keys.data).seal(tx, profileId, rut);
      await client.query(
        `insert into profile (company_id, id, first_name, last_name, national_id_kind, national_id_sealed,
           national_id_hash, kind, status, created_at, updated_at)
         values ($1, $2, 'Ana', 'Rojas', 'RUT', $3, $4, 'employee', 'active', $5, $5)`,
        [companyId, profileId, sealed, nationalIdHashes(keys.lookup, companyId, 'RUT', rut)[0], at],
      );
      return (await createCompanyVault(keys.data).sealer(tx))('a place', 'a value of health');
    });
    const identity = { externalId: tag, companyCode: 'C', personCode: 'P', contentHash: randomBytes(32) };
    const refused = { identity, raw: { id: 7, note: tag }, companyId: null, reason: 'UNKNOWN_COMPANY', pointer: null };
    await db.write(scopeOf(OPERATOR_COMPANY), (tx) => createQuarantine(keys.data).keep(tx, 'SAFER', [refused]));
    const { rows } = await client.query<{ id: string }>('select id from ingest_quarantine where external_id = $1', [
      tag,
    ]);
    return { personId, profileId, webhookId, quarantineId: rows[0]!.id, companySealed, email, rut };
  };

  /** Reads and finds all of it, as a process with these settings does. */
  const expectReadable = async (with_: Settings, written: Written): Promise<void> => {
    const keys = ringsOf(with_);
    const { personId, profileId, webhookId, quarantineId, companySealed, email, rut } = written;
    const client = await database.superuser();
    const one = async <Row>(text: string, values: unknown[]): Promise<Row | undefined> =>
      (await client.query(text, values)).rows[0] as Row | undefined;

    const byEmail = identifierHashes(keys.lookup, { kind: 'email', value: email });
    const byRut = identifierHashes(keys.lookup, { kind: 'nationalId', value: `RUT:${rut}` });
    const person = await one<{ id: string; dataKey: string; emailSealed: string }>(
      `select id, data_key as "dataKey", email_sealed as "emailSealed" from person
       where email_hash = any($1) and national_id_hash = any($2)`,
      [byEmail, byRut],
    );
    expect(person?.id).to.equal(personId);
    expect(createContacts(keys).emailOf({ ...person!, phoneSealed: null })).to.equal(email);

    const hashes = nationalIdHashes(keys.lookup, companyId, 'RUT', rut);
    const profile = await one<{ id: string; sealed: string }>(
      'select id, national_id_sealed as sealed from profile where company_id = $1 and national_id_hash = any($2)',
      [companyId, hashes],
    );
    expect(profile?.id).to.equal(profileId);
    await db.read(scopeOf(companyId), async (reader) => {
      expect(await createVault(keys.data).open(reader, profileId, profile!.sealed)).to.equal(rut);
      expect((await createCompanyVault(keys.data).opener(reader))('a place', companySealed)).to.equal(
        'a value of health',
      );
    });
    const [row] = await db.read(scopeOf(OPERATOR_COMPANY), (reader) =>
      createQuarantine(keys.data).read(reader, [quarantineId]),
    );
    expect(row?.raw).to.include({ id: 7 });
    const webhook = await one<{ secret: string; previous: string }>(
      'select secret_sealed as secret, previous_sealed as previous from webhook_endpoint where id = $1',
      [webhookId],
    );
    for (const sealed of [webhook!.secret, webhook!.previous])
      expect(open(sealed, keys.data, place(webhookId))).to.equal('a secret of a webhook');
  };

  it('rotate the keys of personal data and look-ups, with everything readable all the time', async () => {
    const before = settings();
    const early = await write(before, 'early');
    for (const name of ['DATA_KEY', 'LOOKUP_KEY'] as const) {
      expect(await step(name)).to.match(/a new key of \w+ is added.*Restart every process/);
      expect(idsOf(name)[0]).to.equal('first');
    }
    const knowing = settings();
    const meanwhile = await write(before, 'meanwhile');
    for (const name of ['DATA_KEY', 'LOOKUP_KEY'] as const)
      expect(await step(name)).to.match(/writes with the new key/);
    const using = settings();
    const late = await write(using, 'late');
    for (const written of [early, meanwhile, late])
      for (const process of [knowing, using]) await expectReadable(process, written);

    const said = await step('DATA_KEY');
    expect(said).to.match(/^data_key\.wrapped: 2 under the current key now$/m);
    expect(said).to.match(/the old keys of DATA_KEY are retired/);
    await expectReadable(using, early);
    expect(await step('LOOKUP_KEY')).to.match(/^profile: look-ups of national id: 2 under/m);

    const after = settings();
    expect([...idsOf('DATA_KEY'), ...idsOf('LOOKUP_KEY')].map((id) => id.slice(0, 3))).to.deep.equal(['r20', 'r20']);
    for (const written of [early, meanwhile, late]) await expectReadable(after, written);
    const client = await database.superuser();
    const { rows } = await client.query<{ key: string }>('select data_key as key from person where id = $1', [
      early.personId,
    ]);
    const owner = { id: early.personId, dataKey: rows[0]!.key, emailSealed: 'x', phoneSealed: null };
    expect(() => createContacts(ringsOf(before)).emailOf(owner)).to.throw(SealError);
  });

  it('count what stands under old keys, and print no key', async () => {
    await write(settings(), 'early');
    await step('DATA_KEY');
    await step('DATA_KEY');
    const said: string[] = [];
    await status(settings(), (text) => said.push(text));
    expect(said[0]).to.match(/^DATA_KEY: writes with r\d{17}, reads first$/);
    expect(said).to.include('  data_key.wrapped: 1 under old keys of DATA_KEY');
    expect(said).to.include('  person.data_key: 1 under old keys of DATA_KEY');
    expect(said).to.include('  person: look-ups of email, phone and national id: 0 under old keys of LOOKUP_KEY');
    for (const { key } of parseKeyRing(settings().DATA_KEY).keys)
      expect(said.join('\n')).to.not.contain(key.export().toString('base64'));
  });

  it('forget a look-up whose id was erased', async () => {
    const { profileId } = await write(settings(), 'erased');
    await db.write(scopeOf(companyId), (tx) => createVault(ringsOf(settings()).data).erase(tx, profileId));
    for (let n = 0; n < 3; n += 1) await step('LOOKUP_KEY');
    const client = await database.superuser();
    const { rows } = await client.query('select national_id_hash as hash from profile where id = $1', [profileId]);
    expect(rows).to.deep.equal([{ hash: null }]);
  });

  it('keep the old keys of links until they are told, and those of the trail for ever', async () => {
    await step('SIGNING_KEY');
    await step('SIGNING_KEY');
    expect(await step('SIGNING_KEY')).to.contain('--retire');
    expect(idsOf('SIGNING_KEY')).to.have.length(2);
    await step('SIGNING_KEY', { retire: true });
    expect(idsOf('SIGNING_KEY')).to.have.length(1);
    await step('CHAIN_KEY');
    await step('CHAIN_KEY');
    expect(idsOf('CHAIN_KEY')[1]).to.equal('first');
    await step('CHAIN_KEY');
    expect(idsOf('CHAIN_KEY')).to.have.length(3).and.to.include('first');
  });

  it('write a value that the environment holds where they are told, closed to others', async () => {
    delete env['DATA_KEY_FILE'];
    env['DATA_KEY'] = `mine:${randomBytes(32).toString('base64')}`;
    const failure = await step('DATA_KEY').catch((error: unknown) => String(error));
    expect(failure).to.contain('--out');
    const out = join(folder, 'new');
    await step('DATA_KEY', { out });
    expect(await readFile(out, 'utf8')).to.match(/^mine:[^,]+,r\d{17}:[^,]+\n$/);
    expect((await stat(out)).mode & 0o777).to.equal(0o600);
  });
});

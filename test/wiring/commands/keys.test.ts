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
import { KEY_SETTINGS } from '../../../src/platform/settings/key-place.ts';
import type { KeySetting } from '../../../src/platform/settings/key-place.ts';
import { readSettings } from '../../../src/platform/settings/settings.ts';
import type { Settings } from '../../../src/platform/settings/settings.ts';
import { rotate } from '../../../src/wiring/commands/keys-rotate.ts';
import { status } from '../../../src/wiring/commands/keys-status.ts';
import type { RotateOptions } from '../../../src/wiring/commands/keys-rotate.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

interface Written {
  readonly companyId: string;
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
  /** What the clock is ahead, in ms: nobody waits here. */
  let ahead: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-keys-'));
    database = await cloneDatabase();
    db = database.open({ observed: false });
    ahead = 0;
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
  const clock = {
    now: () => new Date(Date.now() + ahead),
    sleep: (milliseconds: number) => {
      // Hurries: who waits two minutes looks a hundred times.
      ahead += 20 * milliseconds;
      return Promise.resolve();
    },
  };
  /** Runs the command; what it said, and why it failed if it did. */
  const run = async (name: KeySetting, options: RotateOptions = {}, ticking = clock): Promise<string> => {
    const said: string[] = [];
    try {
      await rotate(settings(), name, options, (text) => said.push(text), env, ticking);
    } catch (error) {
      said.push(String(error));
    }
    return said.join('\n');
  };
  /** A process tells that it has the keys of these settings. */
  const tells = async (with_: Settings, id = uuidv7()): Promise<string> => {
    const keys = Object.fromEntries(
      KEY_SETTINGS.map((name) => [name, parseKeyRing(with_[name]).keys.map((key) => key.id)]),
    );
    const client = await database.superuser();
    await client.query(
      `insert into running_process (id, process, host, keys, started_at, seen_at) values ($1, 'web', 'far', $2, $3, $3)
       on conflict (id) do update set keys = excluded.keys`,
      [id, JSON.stringify(keys), new Date(Date.now() + 86_400_000)],
    );
    return id;
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
    const client = await database.superuser();
    const at = new Date();
    await client.query(
      `insert into person (id, first_name, last_name, locale, status, data_key, created_at, updated_at,
         email_sealed, email_hash)
       values ($1, 'Ana', 'Rojas', 'en', 'active', $2, $3, $3, $4, $5)`,
      [personId, owner.dataKey, at, emailSealed, emailHash],
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
      const staged = [companyId, uuidv7(), await createVault(keys.data).seal(tx, companyId, rut), at];
      await client.query(
        `insert into batch_upload (company_id, id, kind, file_name, mode, partial, status, created_at, updated_at)
         values ($1, $2, 'profiles', 'people.csv', 'dry_run', false, 'validated', $3, $3)`,
        [companyId, staged[1], at],
      );
      await client.query(
        `insert into batch_row (company_id, id, upload_id, row_number, first_name, last_name, national_id_kind, kind,
           national_id_sealed, created_at, national_id_hashes) values ($1, $2, $2, 1, 'Ana', 'Rojas', 'RUT', 'employee', $3, $4, $5)`,
        [...staged, nationalIdHashes(keys.lookup, companyId, 'RUT', rut)],
      );
      return (await createCompanyVault(keys.data).sealer(tx))('a place', 'a value of health');
    });
    const identity = { externalId: tag, companyCode: 'C', personCode: 'P', contentHash: randomBytes(32) };
    const refused = { identity, raw: { id: 7, note: tag }, companyId: null, reason: 'UNKNOWN_COMPANY', pointer: null };
    await db.write(scopeOf(OPERATOR_COMPANY), (tx) => createQuarantine(keys.data).keep(tx, 'SAFER', [refused]));
    const { rows } = await client.query<{ id: string }>('select id from ingest_quarantine where external_id = $1', [
      tag,
    ]);
    return { companyId, personId, profileId, webhookId, quarantineId: rows[0]!.id, companySealed, email, rut };
  };

  /** Reads and finds all of it, as a process with these settings does. */
  const expectReadable = async (with_: Settings, written: Written): Promise<void> => {
    const keys = ringsOf(with_);
    const { companyId: at, personId, profileId, webhookId, quarantineId, companySealed, email, rut } = written;
    const client = await database.superuser();
    const one = async <Row>(text: string, values: unknown[]): Promise<Row | undefined> =>
      (await client.query(text, values)).rows[0] as Row | undefined;

    const byEmail = identifierHashes(keys.lookup, { kind: 'email', value: email });
    const person = await one<{ id: string; dataKey: string; emailSealed: string }>(
      `select id, data_key as "dataKey", email_sealed as "emailSealed" from person where email_hash = any($1)`,
      [byEmail],
    );
    expect(person?.id).to.equal(personId);
    expect(createContacts(keys).emailOf({ ...person!, phoneSealed: null })).to.equal(email);

    const hashes = nationalIdHashes(keys.lookup, at, 'RUT', rut);
    const profile = await one<{ id: string; sealed: string }>(
      'select id, national_id_sealed as sealed from profile where company_id = $1 and national_id_hash = any($2)',
      [at, hashes],
    );
    expect(profile?.id).to.equal(profileId);
    const checked = `select 1 from batch_row where company_id = $1 and national_id_hashes && $2`;
    expect(await one(checked, [at, hashes])).to.not.equal(undefined);
    await db.read(scopeOf(at), async (reader) => {
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

  it('take each step when every process is ready for it, with everything readable all the time', async () => {
    const before = settings();
    const early = await write(before, 'early');
    const far = await tells(before);
    for (const name of ['DATA_KEY', 'LOOKUP_KEY'] as const) {
      expect(await run(name)).to.match(
        /a new key of \w+ is added(.|\n)*not every process knows the new key .*: web on far/,
      );
      expect(idsOf(name)[0]).to.equal('first');
    }
    const knowing = settings();
    await tells(knowing, far);
    const meanwhile = await write(before, 'meanwhile');
    for (const name of ['DATA_KEY', 'LOOKUP_KEY'] as const)
      expect(await run(name)).to.match(/writes with the new key(.|\n)*not every process writes with .*: web on far/);
    const using = settings();
    const late = await write(using, 'late');
    for (const written of [early, meanwhile, late])
      for (const process of [knowing, using]) await expectReadable(process, written);

    await tells(using, far);
    // What a request that was under way writes under the old key, of a company that was not there yet.
    const lingering: Written[] = [];
    const sleep = async (milliseconds: number): Promise<void> => {
      companyId = await addCompany(database);
      lingering.push(await write(knowing, `lingering-${lingering.length}`));
      await clock.sleep(milliseconds);
    };
    const said = await run('DATA_KEY', {}, { ...clock, sleep });
    expect(said).to.match(/^data_key\.wrapped: 3 under the current key now$/m);
    expect(said).to.match(/^data_key\.wrapped: 2 under the current key now$/m);
    expect(said).to.match(/Waiting until .*\n(.|\n)*the old keys of DATA_KEY are retired.* That is all\.$/);
    await expectReadable(using, early);
    expect(await run('LOOKUP_KEY')).to.match(/^profile: look-ups of national id: 3 under/m);

    const after = settings();
    expect([...idsOf('DATA_KEY'), ...idsOf('LOOKUP_KEY')].map((id) => id.slice(0, 3))).to.deep.equal(['r20', 'r20']);
    expect(lingering).to.have.length(1);
    for (const written of [early, meanwhile, late, ...lingering]) await expectReadable(after, written);
    const client = await database.superuser();
    const { rows } = await client.query<{ key: string }>('select data_key as key from person where id = $1', [
      early.personId,
    ]);
    const owner = { id: early.personId, dataKey: rows[0]!.key, emailSealed: 'x', phoneSealed: null };
    expect(() => createContacts(ringsOf(before)).emailOf(owner)).to.throw(SealError);
  });

  it('forget processes that said nothing for a minute', async () => {
    const far = await tells(settings());
    const client = await database.superuser();
    await client.query('update running_process set seen_at = $2 where id = $1', [far, clock.now()]);
    const said = await run('DATA_KEY');
    expect(said).to.match(/waiting until every process knows the new key of DATA_KEY: web on far\n/);
    expect(said).to.contain('That is all.');
  });

  it('count what stands under old keys, and print no key', async () => {
    await write(settings(), 'early');
    const far = await tells(settings());
    await run('DATA_KEY');
    await tells(settings(), far);
    await run('DATA_KEY');
    const said: string[] = [];
    await status(settings(), (text) => said.push(text));
    expect(said[0]).to.match(/^DATA_KEY: writes with r\d{17}, reads first$/);
    expect(said).to.include('  data_key.wrapped: 2 under old keys of DATA_KEY');
    expect(said).to.include('  person.data_key: 1 under old keys of DATA_KEY');
    expect(said).to.include('  person: look-ups of email and phone: 0 under old keys of LOOKUP_KEY');
    expect(said.at(-1)).to.match(/^  web on far writes with DATA_KEY first, LOOKUP_KEY first, /);
    for (const { key } of parseKeyRing(settings().DATA_KEY).keys)
      expect(said.join('\n')).to.not.contain(key.export().toString('base64'));
  });

  it('cover companies that are suspended, archived or refused: no key goes before their rows are done', async () => {
    const first = companyId;
    const client = await database.superuser();
    const written: Written[] = [];
    for (const state of ['suspended', 'archived', 'pending', 'deleted']) {
      companyId = await addCompany(database);
      written.push(await write(settings(), state));
      const [is, gone] = state === 'deleted' ? ['archived', new Date()] : [state, null];
      await client.query('update company set status = $2, deleted_at = $3 where id = $1', [companyId, is, gone]);
    }
    companyId = first;
    const [suspended] = written;
    const spoil = (from: string, to: string) =>
      client.query('update data_key set wrapped = replace(wrapped, $2, $3) where company_id = $1', [
        suspended!.companyId,
        from,
        to,
      ]);
    await spoil('first.', 'first.!');
    expect(await run('DATA_KEY')).to.not.contain('retired');
    expect(idsOf('DATA_KEY')).to.have.length(2).and.to.include('first');
    await spoil('first.!', 'first.');
    for (const name of ['DATA_KEY', 'LOOKUP_KEY'] as const) {
      expect(await run(name)).to.match(/the old keys of \w+ are retired/);
      expect(idsOf(name)).to.have.length(1).and.to.not.include('first');
    }
    for (const each of written) await expectReadable(settings(), each);
  });

  it('forget a look-up whose id was erased', async () => {
    const { profileId } = await write(settings(), 'erased');
    await db.write(scopeOf(companyId), (tx) => createVault(ringsOf(settings()).data).erase(tx, profileId));
    expect(await run('LOOKUP_KEY')).to.contain('That is all.');
    const client = await database.superuser();
    const { rows } = await client.query('select national_id_hash as hash from profile where id = $1', [profileId]);
    expect(rows).to.deep.equal([{ hash: null }]);
  });

  it('keep the old keys of links for a day, or until they are told, and those of the trail for ever', async () => {
    expect(await run('SIGNING_KEY')).to.match(/is over 1440 minutes later\. Run this again after 20/);
    expect(idsOf('SIGNING_KEY')).to.have.length(2);
    ahead += 86_400_000;
    expect(await run('SIGNING_KEY')).to.contain('That is all.');
    expect(idsOf('SIGNING_KEY')).to.have.length(1);
    ahead = 0;
    await run('SIGNING_KEY');
    expect(idsOf('SIGNING_KEY')).to.have.length(2);
    await run('SIGNING_KEY', { retire: true });
    expect(idsOf('SIGNING_KEY')).to.have.length(1);
    await run('CHAIN_KEY');
    expect(idsOf('CHAIN_KEY')[1]).to.equal('first');
    await run('CHAIN_KEY');
    expect(idsOf('CHAIN_KEY')).to.have.length(3).and.to.include('first');
  });

  it('write a value that the environment holds where they are told, closed to others', async () => {
    delete env['DATA_KEY_FILE'];
    env['DATA_KEY'] = `mine:${randomBytes(32).toString('base64')}`;
    expect(await run('DATA_KEY')).to.contain('--out');
    const out = join(folder, 'new');
    const step = async (options: RotateOptions = {}): Promise<string> => {
      const said = await run('DATA_KEY', { out, ...options });
      env['DATA_KEY'] = (await readFile(out, 'utf8')).trim();
      return said;
    };
    expect(await step()).to.match(/is added: .* Restart every process with it, then run this again\.$/);
    expect(await readFile(out, 'utf8')).to.match(/^mine:[^,]+,r\d{17}:[^,]+\n$/);
    expect((await stat(out)).mode & 0o777).to.equal(0o600);
    expect(await step()).to.match(/writes with the new key: .* Restart every process with it, then run this again\.$/);
    expect(await step()).to.match(/Run this again with --retire then\.$/);
    expect(await step({ retire: true })).to.match(/Restart every process with it\. That is all\.$/);
    expect(idsOf('DATA_KEY').map((id) => id.slice(0, 3))).to.deep.equal(['r20']);
  });
});

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parseKeyRing } from '../../../src/platform/crypto/key-ring.ts';
import { declarations, settingsSchema } from '../../../src/platform/settings/schema.ts';
import { LIMITS, limitsOf } from '../../../src/platform/settings/rates.ts';
import { isEmbedded, readSettings, SettingsError } from '../../../src/platform/settings/settings.ts';
import { settingsTable, withSettingsTable } from '../../../src/platform/settings/table.ts';

const key = (fill: number): string => `k${fill}:${Buffer.alloc(32, fill).toString('base64')}`;
const keys = { DATA_KEY: key(1), LOOKUP_KEY: key(2), SIGNING_KEY: key(3), CHAIN_KEY: key(4) };
const databases = {
  DATABASE_URL: 'postgres://app@db/angelis',
  DATABASE_OWNER_URL: 'postgres://owner@db/angelis',
  DATABASE_SYSTEM_URL: 'postgres://system@db/angelis',
};

const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
};

describe('settings', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'angelis-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('need nothing: defaults, embedded mode, own secrets', () => {
    const settings = readSettings({ DATA_DIR: folder });
    expect(settings).to.include({
      APP_ENV: 'development',
      PROCESS: 'all',
      PORT: 3000,
      METRICS_PORT: 3001,
      DRAIN_SECONDS: 25,
    });
    expect(settings).to.include({
      DATABASE_WRITER_POOL: 10,
      DATABASE_READER_POOL: 10,
      PUBLIC_URL: 'http://localhost:3000',
    });
    expect(settings.CORS_ORIGINS).to.deep.equal([]);
    expect(settings.ADMIN_REDIRECT_URIS).to.deep.equal([]);
    expect(isEmbedded(settings)).to.equal(true);
    expect(Object.isFrozen(settings)).to.equal(true);
    expect(parseKeyRing(settings.DATA_KEY).current.id).to.equal('dev');
  });

  it('are declared as JSON Schema', () => {
    const standard = new Ajv2020({ strict: false });
    expect(standard.validateSchema(settingsSchema), standard.errorsText()).to.equal(true);
  });

  it('are converted by their type', () => {
    const settings = readSettings({
      ...keys,
      ...databases,
      DATA_DIR: folder,
      PORT: '4000',
      CORS_ORIGINS: ' https://a.example , https://b.example,',
      PUBLIC_URL: 'https://angelis.example/',
      LOG_FILE: '',
    });
    expect(settings.PORT).to.equal(4000);
    expect(settings.CORS_ORIGINS).to.deep.equal(['https://a.example', 'https://b.example']);
    expect(settings.PUBLIC_URL).to.equal('https://angelis.example');
    expect(settings.LOG_FILE).to.equal(undefined);
    expect(isEmbedded(settings)).to.equal(false);
  });

  it('refuse what is no address where addresses are listed', () => {
    expect(faultsOf({ DATA_DIR: folder, ADMIN_REDIRECT_URIS: 'https://a.example/in,/in' })).to.deep.equal([
      'ADMIN_REDIRECT_URIS: write URLs with their schemes, apart by commas (it is "https://a.example/in,/in")',
    ]);
  });

  it('follow PORT in the public address', () => {
    expect(readSettings({ DATA_DIR: folder, PORT: '4000' }).PUBLIC_URL).to.equal('http://localhost:4000');
  });

  it('keep the secrets of embedded mode for the next start, to their owner alone', () => {
    const first = readSettings({ DATA_DIR: folder });
    const second = readSettings({ DATA_DIR: folder });
    expect(second).to.deep.equal(first);
    expect(statSync(join(folder, 'secrets.json')).mode % 0o1000).to.equal(0o600);
    expect(readSettings({ DATA_DIR: folder, DATA_KEY: keys.DATA_KEY }).DATA_KEY).to.equal(keys.DATA_KEY);
  });

  it('say what to do about a damaged secrets.json, and do not replace it', () => {
    writeFileSync(join(folder, 'secrets.json'), '{"DATA_KEY":');
    expect(() => readSettings({ DATA_DIR: folder })).to.throw(/secrets\.json is damaged: restore it/u);
    expect(readFileSync(join(folder, 'secrets.json'), 'utf8')).to.equal('{"DATA_KEY":');
  });

  it('never make secrets for production', () => {
    const faults = faultsOf({ APP_ENV: 'production', DATA_DIR: folder });
    expect(faults.map((fault) => fault.split(' ')[0])).to.have.members([
      'DATA_KEY',
      'LOOKUP_KEY',
      'SIGNING_KEY',
      'CHAIN_KEY',
    ]);
    expect(() => statSync(join(folder, 'secrets.json'))).to.throw('ENOENT');
  });

  it('read a secret from the file that NAME_FILE names', () => {
    const file = join(folder, 'key');
    writeFileSync(file, `${keys.CHAIN_KEY}\n`);
    expect(readSettings({ DATA_DIR: folder, CHAIN_KEY_FILE: file }).CHAIN_KEY).to.equal(keys.CHAIN_KEY);
    expect(faultsOf({ DATA_DIR: folder, CHAIN_KEY_FILE: file, CHAIN_KEY: keys.CHAIN_KEY })).to.deep.equal([
      'CHAIN_KEY and CHAIN_KEY_FILE are both set: keep one of them',
    ]);
    expect(faultsOf({ DATA_DIR: folder, CHAIN_KEY_FILE: join(folder, 'none') })[0]).to.match(
      /CHAIN_KEY_FILE: the file .* \(ENOENT\)/u,
    );
  });

  it('are refused with every fault at once, without showing a secret', () => {
    const faults = faultsOf({
      ...databases,
      ...keys,
      DATA_DIR: folder,
      APP_ENV: 'prod',
      PORT: '0x10',
      DRAIN_SECONDS: '0',
      MAIL_FROM: 'a@b.example\r\nBcc: c@d.example',
      DATABASE_URL: 'hunter2',
      SIGNING_KEY: 'hunter2',
    });
    expect(faults).to.have.members([
      'APP_ENV: write one of development, staging, production (it is "prod")',
      'PORT: write a whole number from 1 to 65535 (it is "0x10")',
      'DRAIN_SECONDS: write a whole number from 1 to 600 (it is "0")',
      'MAIL_FROM: write a mail address, with or without a name before it (it is "a@b.example\r\nBcc: c@d.example")',
      'DATABASE_URL: write a URL with its scheme (what it has now is not shown, it is a secret)',
      'SIGNING_KEY: write one or more keys "id:base64 of 32 bytes", apart by commas, the one to write with first (what it has now is not shown, it is a secret)',
    ]);
  });

  it('say how many requests each limit takes, and in what time', () => {
    const limits = limitsOf(readSettings({ DATA_DIR: folder, RATE_SIGN_IN: '5/s', RATE_EXPORT: '7/h' }));
    expect(limits).to.deep.equal({ ...LIMITS, signIn: { points: 5, per: 1 }, export: { points: 7, per: 3_600 } });
    expect(LIMITS).to.deep.include({
      anonymous: { points: 50, per: 60 },
      principal: { points: 600, per: 60 },
      company: { points: 6_000, per: 60 },
      signIn: { points: 10, per: 60 },
      export: { points: 30, per: 3_600 },
      invitation: { points: 100, per: 3_600 },
      stream: { points: 10, per: 60 },
    });
    for (const rate of ['0/min', '10', '10/day', '-1/min', '1.5/s', '99999999/min', '10 / min'])
      expect(faultsOf({ DATA_DIR: folder, RATE_OTP: rate }), rate).to.deep.equal([
        `RATE_OTP: write how many, and in what time: 50/s, 50/min or 50/h (it is "${rate}")`,
      ]);
  });

  it('are refused where one needs another', () => {
    const all = { ...keys, ...databases, DATA_DIR: folder };
    expect(faultsOf({ ...keys, DATABASE_URL: databases.DATABASE_URL, DATA_DIR: folder })).to.deep.equal([
      'DATABASE_URL is set: also set DATABASE_OWNER_URL and DATABASE_SYSTEM_URL',
    ]);
    expect(faultsOf({ ...all, KEYCLOAK_URL: 'https://id.example' })).to.deep.equal([
      'KEYCLOAK_URL is set: also set KEYCLOAK_ADMIN_CLIENT_SECRET and KEYCLOAK_OTP_KEY',
    ]);
    expect(faultsOf({ ...all, TWILIO_ACCOUNT_SID: 'AC1', TWILIO_FROM: '+56900000000' })).to.deep.equal([
      'TWILIO_ACCOUNT_SID is set: also set TWILIO_AUTH_TOKEN',
    ]);
    expect(faultsOf({ ...all, PORT: '3001' })).to.deep.equal(['PORT and METRICS_PORT are the same: give each its own']);
    expect(faultsOf({ ...all, DATA_KEY: `${key(1)},${key(1)}` })).to.deep.equal([
      'DATA_KEY: a key id stands twice: give each key its own',
    ]);
  });

  it('are all in the table, between the markers of a document', () => {
    const table = settingsTable();
    for (const [name, { secret }] of declarations) {
      expect(table).to.contain(`| \`${name}\` |`);
      expect(table.includes(`\`${name}_FILE\``)).to.equal(secret === true);
    }
    const [begin, end] = ['<!-- settings: written by npm run docs:settings -->', '<!-- /settings -->'];
    const document = withSettingsTable(`# A\n${begin}\nold\n${end}\n# B\n`);
    expect(document).to.equal(`# A\n${begin}\n\n${table}\n\n${end}\n# B\n`);
    expect(withSettingsTable(document)).to.equal(document);
    expect(() => withSettingsTable('# A')).to.throw('markers are missing');
  });
});

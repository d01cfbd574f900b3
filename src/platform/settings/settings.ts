import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject } from 'ajv/dist/2020.js';
import { parseKeyRing } from '../crypto/key-ring.ts';
import { errorCode } from '../errors.ts';
import { developmentSecrets } from './development-secrets.ts';
import { declarations, settingsSchema } from './schema.ts';
import type { SettingDeclaration, Settings } from './schema.ts';

export type { Settings } from './schema.ts';

/** All that is wrong with the settings, one line each, each saying what to write instead. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(['The settings do not fit:', ...faults.map((fault) => `  - ${fault}`)].join('\n'));
    this.faults = faults;
  }
}

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  // The tests hold the schema to that of JSON Schema itself; it is compiled once in a process, for one value.
  validateSchema: false,
  meta: false,
  code: { optimize: false },
  useDefaults: true,
  keywords: ['secret', 'absent', 'expected', 'optional'],
  // Not "uri": drivers take characters in a query that RFC 3986 does not.
  formats: { url: (value: string) => /^[a-z][a-z\d+.-]*:\/\//iu.test(value) && URL.canParse(value) },
});
const fits = ajv.compile<Omit<Settings, 'PUBLIC_URL'> & { PUBLIC_URL?: string }>(settingsSchema);

/** What a setting takes, as the end of a sentence that begins "write …". */
export const expected = (setting: SettingDeclaration): string => {
  if (setting.expected !== undefined) return setting.expected;
  if (setting.enum !== undefined) return `one of ${setting.enum.join(', ')}`;
  if (setting.type === 'integer') return `a whole number from ${setting.minimum} to ${setting.maximum}`;
  if (setting.format === 'url') return 'a URL with its scheme';
  return 'some text';
};

const convert = (setting: SettingDeclaration, value: string): unknown => {
  if (setting.type === 'integer') return /^\d{1,15}$/u.test(value) ? Number(value) : value;
  if (setting.type === 'array') return value.split(',').flatMap((item) => item.trim() || []);
  return value;
};

type Environment = Readonly<Record<string, string | undefined>>;

const readOne = (env: Environment, name: string, setting: SettingDeclaration, faults: string[]): string | undefined => {
  const value = env[name] === '' ? undefined : env[name];
  const file = setting.secret === true ? env[`${name}_FILE`] || undefined : undefined;
  if (file === undefined) return value;
  if (value !== undefined) faults.push(`${name} and ${name}_FILE are both set: keep one of them`);
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    faults.push(
      `${name}_FILE: the file ${file} cannot be read (${errorCode(error) ?? 'unknown error'}): correct its path or rights`,
    );
    return undefined;
  }
};

const describeFault = (error: ErrorObject, raw: Readonly<Record<string, unknown>>): string => {
  const name =
    error.keyword === 'required' ? String(error.params['missingProperty']) : (error.instancePath.split('/')[1] ?? '');
  const setting = declarations.get(name) ?? {};
  if (error.keyword === 'required')
    return `${name} is missing: write ${expected(setting)} (${setting.description ?? ''})`;
  const found =
    setting.secret === true ? 'what it has now is not shown, it is a secret' : `it is "${String(raw[name])}"`;
  return `${name}: write ${expected(setting)} (${found})`;
};

const together = [
  ['DATABASE_URL', 'DATABASE_OWNER_URL', 'DATABASE_SYSTEM_URL'],
  ['KEYCLOAK_URL', 'KEYCLOAK_ADMIN_CLIENT_SECRET', 'KEYCLOAK_OTP_KEY'],
  ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'],
] as const;

const jointFaults = (raw: Readonly<Record<string, unknown>>, given: ReadonlySet<string>): string[] => {
  const faults: string[] = [];
  for (const [leader, ...others] of together) {
    const missing = others.filter((name) => !given.has(name));
    if (given.has(leader) && missing.length > 0) faults.push(`${leader} is set: also set ${missing.join(' and ')}`);
  }
  if (raw['PORT'] === raw['METRICS_PORT']) faults.push('PORT and METRICS_PORT are the same: give each its own');
  for (const name of ['DATA_KEY', 'LOOKUP_KEY', 'SIGNING_KEY', 'CHAIN_KEY']) {
    try {
      parseKeyRing(String(raw[name]));
    } catch (error) {
      faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return faults;
};

/**
 * Reads all settings from the environment, secrets also from the files that NAME_FILE names. An empty value counts as absent.
 * Embedded mode (no DATABASE_URL, not production) fills missing secrets from DATA_DIR/secrets.json, made when absent; with `keep` false
 * new ones are not written there: for who only looks.
 * Throws one SettingsError that names every fault.
 */
export const readSettings = (env: Environment, { keep = true }: { readonly keep?: boolean } = {}): Settings => {
  const faults: string[] = [];
  const raw: Record<string, unknown> = {};
  for (const [name, setting] of declarations) {
    const value = readOne(env, name, setting, faults);
    if (value !== undefined) raw[name] = convert(setting, value);
  }
  const given = new Set(Object.keys(raw));
  const embedded = !given.has('DATABASE_URL') && raw['APP_ENV'] !== 'production';
  const secrets = embedded
    ? developmentSecrets(typeof raw['DATA_DIR'] === 'string' ? raw['DATA_DIR'] : '.angelis', keep)
    : {};
  for (const [name, value] of Object.entries(secrets)) if (declarations.has(name)) raw[name] ??= value;
  if (!fits(raw)) {
    faults.push(...(fits.errors ?? []).map((error) => describeFault(error, raw)));
    throw new SettingsError([...new Set(faults)]);
  }
  faults.push(...jointFaults(raw, given));
  if (faults.length > 0) throw new SettingsError(faults);
  const PUBLIC_URL = (raw.PUBLIC_URL ?? `http://localhost:${raw.PORT}`).replace(/\/+$/u, '');
  return Object.freeze({ ...raw, PUBLIC_URL });
};

/** Whether this process brings its own PostgreSQL. */
export const isEmbedded = (settings: Settings): boolean => settings.DATABASE_URL === undefined;

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../errors.ts';

const newKey = (): string => `dev:${randomBytes(32).toString('base64')}`;

const makers: Readonly<Record<string, () => string>> = {
  DATA_KEY: newKey,
  LOOKUP_KEY: newKey,
  SIGNING_KEY: newKey,
  CHAIN_KEY: newKey,
  KEYCLOAK_ADMIN_CLIENT_SECRET: () => randomBytes(32).toString('base64url'),
  KEYCLOAK_OTP_KEY: () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};

const unusable = (file: string, error: unknown): Error =>
  new Error(
    `${file} cannot be used (${errorCode(error) ?? 'unknown error'}): set DATA_DIR to a folder that this user may write, or correct its rights.`,
  );

const readSecrets = (file: string): Record<string, string> => {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw unusable(file, error);
  }
  try {
    const parsed: unknown = JSON.parse(content);
    return Object.fromEntries(Object.entries(parsed ?? {}).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    const advice = 'restore it, or remove the whole folder and begin anew (its data cannot be read without it)';
    throw new Error(`${file} is damaged: ${advice}.`, { cause: error });
  }
};

/**
 * The secrets that embedded mode needs, by setting name: made at the first start and kept in DATA_DIR/secrets.json (mode 600),
 * so that data written with them stays readable; `keep` false leaves new ones unwritten. Throws when that file is damaged, or the
 * folder none that this user may write.
 */
export const developmentSecrets = (dataDir: string, keep = true): Readonly<Record<string, string>> => {
  const file = join(dataDir, 'secrets.json');
  const kept = readSecrets(file);
  const missing = Object.keys(makers).filter((name) => kept[name] === undefined);
  if (missing.length === 0) return kept;
  const secrets = { ...kept, ...Object.fromEntries(missing.map((name) => [name, makers[name]?.() ?? ''])) };
  if (!keep) return secrets;
  const fresh = `${file}.${process.pid}`;
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(fresh, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    renameSync(fresh, file);
  } catch (error) {
    throw unusable(file, error);
  }
  return secrets;
};

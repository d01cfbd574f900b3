import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The settings that hold keys. */
export const KEY_SETTINGS = ['DATA_KEY', 'LOOKUP_KEY', 'SIGNING_KEY', 'CHAIN_KEY'] as const;
export type KeySetting = (typeof KEY_SETTINGS)[number];

/** What a rotation has to do next with a setting of keys. */
export type KeyStep = 'add' | 'use' | 'retire';

const STAMP = /^r(\d{17})$/;

const idOf = (key: string): string => key.slice(0, key.indexOf(':'));
const madeAt = (key: string): string => STAMP.exec(idOf(key))?.[1] ?? '';

const newestOf = (keys: readonly string[]): string =>
  keys.reduce((newest, key) => (madeAt(key) > madeAt(newest) ? key : newest));

/**
 * Where a rotation stands: every process must know the new key (`add`) before one writes with it (`use`), and nothing may
 * stand under the old ones before they go (`retire`). The ids that `addKey` makes tell which key is the newest.
 */
export const nextStep = (setting: string): KeyStep => {
  const keys = setting.split(',');
  if (keys.length === 1) return 'add';
  return newestOf(keys) === keys[0] ? 'retire' : 'use';
};

/** The keys with a new one, known but not yet written with. */
export const addKey = (setting: string, now: Date): string =>
  `${setting},r${now.toISOString().replaceAll(/\D/gu, '').slice(0, 17)}:${randomBytes(32).toString('base64')}`;

/** The keys with the newest one in front: values are written with it from now on. */
export const useNewest = (setting: string): string => {
  const keys = setting.split(',');
  const newest = newestOf(keys);
  return [newest, ...keys.filter((key) => key !== newest)].join(',');
};

/** The current key alone. */
export const retireOthers = (setting: string): string => setting.split(',')[0]!;

/** Where a setting's value stands, and can be replaced. */
export interface KeyPlace {
  readonly file: string;
  readonly read: () => string;
  readonly write: (value: string) => void;
}

const replace = (file: string, text: string): void => {
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, file);
};

/**
 * Where a setting of keys is kept: the file of NAME_FILE, secrets.json of embedded mode, or `out` for one that the
 * environment holds itself. Undefined when that is not said.
 */
export const placeOfKeys = (
  name: KeySetting,
  env: Readonly<Record<string, string | undefined>>,
  dataDir: string,
  out?: string,
): KeyPlace | undefined => {
  const plain = out ?? (env[name] ? undefined : env[`${name}_FILE`] || undefined);
  if (plain !== undefined)
    return {
      file: plain,
      read: () => readFileSync(plain, 'utf8').trim(),
      write: (value) => replace(plain, `${value}\n`),
    };
  const kept = join(dataDir, 'secrets.json');
  if (env[name] || !existsSync(kept)) return undefined;
  const secrets = (): Record<string, string> => {
    const text = readFileSync(kept, 'utf8');
    try {
      return JSON.parse(text) as Record<string, string>;
    } catch {
      // What the parser says would quote the secrets.
      throw new Error(`${kept} is damaged: restore it`);
    }
  };
  return {
    file: kept,
    read: () => secrets()[name] ?? '',
    write: (value) => replace(kept, `${JSON.stringify({ ...secrets(), [name]: value }, null, 2)}\n`),
  };
};

/** Where each setting of keys is kept that stands in a file: the others change with the environment, at the next start. */
export const placesOfKeys = (
  env: Readonly<Record<string, string | undefined>>,
  dataDir: string,
): ReadonlyMap<KeySetting, KeyPlace> =>
  new Map(
    KEY_SETTINGS.flatMap((name) => {
      const place = placeOfKeys(name, env, dataDir);
      return place === undefined ? [] : [[name, place] as const];
    }),
  );

import { parseKeyRing } from '../../platform/crypto/key-ring.ts';
import { countLeft, rekey } from '../../platform/crypto/rekey.ts';
import type { RekeyParts, Rekeying } from '../../platform/crypto/rekey.ts';
import { createDatabase } from '../../platform/db/database.ts';
import { createPool } from '../../platform/db/pool.ts';
import { OPERATOR_COMPANY, systemScope } from '../../platform/db/scope.ts';
import {
  addKey,
  KEY_SETTINGS,
  nextStep,
  placeOfKeys,
  retireOthers,
  useNewest,
} from '../../platform/settings/key-place.ts';
import type { KeySetting } from '../../platform/settings/key-place.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { startSpan } from '../../platform/telemetry/trace.ts';
import { rekeyingsOf } from '../rekeyings.ts';
import { withDatabase } from './database-access.ts';

type Say = (text: string) => void;

const SECONDS = 60_000;

const withParts = <T>(
  settings: Settings,
  work: (parts: RekeyParts, all: readonly Rekeying[]) => Promise<T>,
): Promise<T> =>
  withDatabase(settings, async (urls) => {
    const pool = (url: string) =>
      createPool({
        url,
        max: 1,
        applicationName: 'angelis keys',
        statementTimeout: SECONDS,
        acquireTimeout: 10_000,
        onError: () => undefined,
      });
    const [writer, reader, system] = [pool(urls.app), pool(urls.app), pool(urls.system)];
    const db = createDatabase({ writer, reader, now: () => new Date() });
    try {
      const { rows } = await system.query<{ id: string }>('select id from company order by id');
      const { traceId } = startSpan();
      const scope = (companyId: string) => systemScope(companyId, 'keys.rotate', traceId);
      const rings = { data: parseKeyRing(settings.DATA_KEY), lookup: parseKeyRing(settings.LOOKUP_KEY) };
      return await work(
        { db, companies: rows.map(({ id }) => scope(id)), operator: scope(OPERATOR_COMPANY) },
        rekeyingsOf(rings),
      );
    } finally {
      await Promise.all([db.close(), system.end()]);
    }
  });

const renew = (settings: Settings, name: KeySetting, say: Say): Promise<void> =>
  withParts(settings, async (parts, all) => {
    for (const one of all.filter(({ ring }) => ring === name)) {
      const done = await rekey(one, parts);
      const left = await countLeft(one, parts);
      say(`${one.name}: ${done} under the current key now`);
      if (left > 0)
        throw new Error(
          `${left} values of ${one.name} came under an old key meanwhile: restart every process, then run this again`,
        );
    }
  });

/** Takes the next step of a rotation of one setting. Throws an Error that says what is missing. */
export const rotate = async (
  settings: Settings,
  name: KeySetting,
  options: { readonly out?: string; readonly retire?: true },
  say: Say,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<void> => {
  const place = placeOfKeys(name, env, settings.DATA_DIR, options.out);
  if (place === undefined)
    throw new Error(`the environment itself holds ${name}: say with --out where the new value may be written`);
  const keys = settings[name];
  const step = nextStep(keys);
  const isOver = step === 'retire' && name === 'CHAIN_KEY';
  const change = (value: string, what: string): void => {
    place.write(value);
    say(`${what}: ${place.file} has changed. Restart every process, then run this again.`);
  };
  if (step === 'add' || isOver) return change(addKey(keys, new Date()), `a new key of ${name} is added`);
  if (step === 'use') return change(useNewest(keys), `${name} writes with the new key`);
  if (name === 'SIGNING_KEY' && options.retire !== true)
    return say('the new key is in use; a day after the last restart, run this again with --retire');
  if (name !== 'SIGNING_KEY') await renew(settings, name, say);
  place.write(retireOthers(keys));
  say(`the old keys of ${name} are retired: ${place.file} has changed. Restart every process; that is all.`);
};

/** Prints ids, never keys, and what is left under old ones. */
export const status = (settings: Settings, say: Say): Promise<void> =>
  withParts(settings, async (parts, all) => {
    for (const name of KEY_SETTINGS) {
      const [current, ...old] = parseKeyRing(settings[name]).keys.map(({ id }) => id);
      say(`${name}: writes with ${current}${old.length === 0 ? '' : `, reads ${old.join(', ')}`}`);
    }
    for (const one of all) say(`  ${one.name}: ${await countLeft(one, parts)} under old keys of ${one.ring}`);
  });

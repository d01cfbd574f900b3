import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseKeyRing } from '../../platform/crypto/key-ring.ts';
import { countLeft, rekey } from '../../platform/crypto/rekey.ts';
import {
  addKey,
  nextStep,
  placeOfKeys,
  placesOfKeys,
  retireOthers,
  useNewest,
} from '../../platform/settings/key-place.ts';
import type { KeySetting } from '../../platform/settings/key-place.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { rekeyingsIn, withKeyParts } from './keys-parts.ts';
import type { KeyParts } from './keys-parts.ts';

type Say = (text: string) => void;

export interface RotateOptions {
  /** Where to write the new value of keys that the environment holds itself. */
  readonly out?: string;
  /** Removes the old keys without waiting until what was made with them is over. */
  readonly retire?: boolean;
}

/** The time, and how to wait for it. Tests give their own. */
export interface Clock {
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

const REAL: Clock = { now: () => new Date(), sleep: (milliseconds) => sleep(milliseconds) };

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Longest that processes are waited for; they look at their files each second, and one that was killed counts for a minute. */
const PATIENCE = 2 * MINUTE;
/**
 * How long something may be about that was made with a key when another came in front. Under DATA_KEY and LOOKUP_KEY these are
 * one-time codes, sign-ins under way and transactions; cursors and links under SIGNING_KEY are good for a day.
 */
const LINGERS: Readonly<Partial<Record<KeySetting, number>>> = {
  DATA_KEY: 15 * MINUTE,
  LOOKUP_KEY: 15 * MINUTE,
  SIGNING_KEY: 24 * 60 * MINUTE,
};
/** Longest that the command itself waits for that. */
const STAYS = 20 * MINUTE;

/** Takes the next steps of a rotation of one setting, as far as it can. Throws an Error that says what is missing. */
export const rotate = async (
  settings: Settings,
  name: KeySetting,
  { out, retire = false }: RotateOptions,
  say: Say,
  env: Readonly<Record<string, string | undefined>> = process.env,
  clock: Clock = REAL,
): Promise<void> => {
  const place = placeOfKeys(name, env, settings.DATA_DIR, out);
  if (place === undefined)
    throw new Error(`the environment itself holds ${name}: say with --out where the new value may be written`);
  /** Whether processes read the new value by themselves. */
  const isLive = out === undefined;

  const turn = async (parts: KeyParts): Promise<void> => {
    // What another rotation may have changed since this one was asked for.
    const kept = Array.from(placesOfKeys(env, settings.DATA_DIR), ([other, { read }]) => [other, read()]);
    const current: Settings = { ...settings, ...(Object.fromEntries(kept) as Partial<Settings>) };
    let keys = current[name];
    const change = (value: string, what: string): void => {
      place.write(value);
      keys = value;
      say(`${what}: ${place.file} has changed.${isLive ? '' : ' Restart every process with it, then run this again.'}`);
    };
    /** Waits until each running process has the keys so. */
    const everybody = async (has: (ids: readonly string[]) => boolean, what: string): Promise<void> => {
      const giveUpAt = clock.now().getTime() + (isLive ? PATIENCE : 0);
      let told = '';
      for (;;) {
        const late = (await parts.running(clock.now())).filter((one) => !has(one.keys[name])).map((one) => one.name);
        if (late.length === 0) return;
        const names = late.join(', ');
        if (clock.now().getTime() >= giveUpAt)
          throw new Error(
            `not every process ${what}: ${names}. Bring ${place.file} there, or restart it with the new value of ${name}; then run this again`,
          );
        if (names !== told) say(`waiting until every process ${what}: ${names}`);
        told = names;
        await clock.sleep(SECOND);
      }
    };
    /** Brings to the current key what stands under others; also what was under way meanwhile. */
    const renew = async (isFirst: boolean): Promise<void> => {
      for (const one of rekeyingsIn({ ...current, [name]: keys }).filter(({ ring }) => ring === name)) {
        let done = 0;
        for (let tries = 0; ; tries += 1) {
          const all = await parts.rekeying();
          done += await rekey(one, all);
          const left = await countLeft(one, all);
          if (left === 0) break;
          if (tries === PATIENCE / SECOND)
            throw new Error(
              `${left} values of ${one.name} came under an old key again and again: stop the process that does not know the new one, then run this again`,
            );
          await clock.sleep(SECOND);
        }
        if (isFirst || done > 0) say(`${one.name}: ${done} under the current key now`);
      }
    };
    /** False when what was made with the old keys is not over yet. */
    const outlived = async (): Promise<boolean> => {
      if (retire) return true;
      const lingers = LINGERS[name] ?? 0;
      const what = `the new key is in use; what was made with the old ones is over ${lingers / MINUTE} minutes later`;
      if (!isLive) {
        say(`${what}. Run this again with --retire then.`);
        return false;
      }
      const over = statSync(place.file).mtimeMs + lingers;
      const wait = over - clock.now().getTime();
      if (wait <= 0) return true;
      const at = new Date(over).toISOString();
      say(
        `${what}. ${wait > STAYS ? `Run this again after ${at}.` : `Waiting until ${at}; it may be stopped and run again.`}`,
      );
      if (wait > STAYS) return false;
      await clock.sleep(wait);
      return true;
    };

    const isNew = nextStep(keys) === 'add' || (name === 'CHAIN_KEY' && nextStep(keys) === 'retire');
    if (isNew) {
      change(addKey(keys, clock.now()), `a new key of ${name} is added`);
      if (!isLive) return;
    }
    if (nextStep(keys) === 'use') {
      const next = useNewest(keys);
      const newest = parseKeyRing(next).current.id;
      await everybody((ids) => ids.includes(newest), `knows the new key of ${name}`);
      change(next, `${name} writes with the new key`);
      if (!isLive) return;
    }
    const newest = parseKeyRing(keys).current.id;
    await everybody(([first]) => first === newest, `writes with the new key of ${name}`);
    if (name === 'CHAIN_KEY') return say('the old keys stay: the trail is verified with them. That is all.');
    await renew(true);
    if (!(await outlived())) return;
    await renew(false);
    place.write(retireOthers(keys));
    say(
      `the old keys of ${name} are retired: ${place.file} has changed. ${isLive ? '' : 'Restart every process with it. '}That is all.`,
    );
  };
  await withKeyParts(settings, (parts) => parts.alone(() => turn(parts)));
};

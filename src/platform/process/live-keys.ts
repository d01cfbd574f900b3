import type { Logger } from 'pino';
import { createLiveKeyRing, parseKeyRing } from '../crypto/key-ring.ts';
import type { KeyRing, LiveKeyRing } from '../crypto/key-ring.ts';
import type { KeyPlace, KeySetting } from '../settings/key-place.ts';
import { startLoop } from './loop.ts';
import type { Loop } from './loop.ts';
import type { KeyIds, Register } from './register.ts';

type LiveKeys = Readonly<Record<KeySetting, LiveKeyRing>>;

/** The keys that the settings begin with, each ring to be replaced while the process runs. */
export const createLiveKeys = (settings: Readonly<Record<KeySetting, string>>): LiveKeys => {
  const ring = (name: KeySetting): LiveKeyRing => createLiveKeyRing(parseKeyRing(settings[name]));
  return {
    DATA_KEY: ring('DATA_KEY'),
    LOOKUP_KEY: ring('LOOKUP_KEY'),
    SIGNING_KEY: ring('SIGNING_KEY'),
    CHAIN_KEY: ring('CHAIN_KEY'),
  };
};

const idsOf = (ring: KeyRing): string[] => ring.keys.map(({ id }) => id);

interface WatchOptions {
  readonly keys: LiveKeys;
  /** Where keys are kept in files; the others stay as they are. */
  readonly places: ReadonlyMap<KeySetting, KeyPlace>;
  readonly register: Register;
  readonly log: Pick<Logger, 'info' | 'error' | 'warn'>;
  readonly now: () => Date;
}

/** Pause between two looks, and between two words to others that this process lives, in ms. */
const LOOK = 1_000;
const TELL = 10_000;

/**
 * Reads the keys of a running process again when their files change, and tells the register which it has: `angelis keys
 * rotate` waits for that. A file that cannot be read, or has none of the keys in use, changes nothing and is logged once.
 */
export const watchKeys = ({ keys, places, register, log, now }: WatchOptions): Loop => {
  const seen = new Map<KeySetting, string>();
  let toldAt = -Infinity;
  let told = '';

  const read = (name: KeySetting, { file, read: text }: KeyPlace): void => {
    let found = '';
    try {
      found = text();
      if (found === seen.get(name)) return;
      keys[name].replace(parseKeyRing(found));
      if (seen.has(name)) log.info({ setting: name, ids: idsOf(keys[name]) }, 'keys were read again');
    } catch (error) {
      // An empty text stands for a file that is not there.
      if (seen.get(name) !== found) log.error({ err: error, setting: name, file }, 'keys cannot be read again');
    }
    seen.set(name, found);
  };

  const tell = async (): Promise<void> => {
    const ids: KeyIds = {
      DATA_KEY: idsOf(keys.DATA_KEY),
      LOOKUP_KEY: idsOf(keys.LOOKUP_KEY),
      SIGNING_KEY: idsOf(keys.SIGNING_KEY),
      CHAIN_KEY: idsOf(keys.CHAIN_KEY),
    };
    const text = JSON.stringify(ids);
    if (text === told && performance.now() - toldAt < TELL) return;
    await register.tell(ids, now());
    told = text;
    toldAt = performance.now();
  };

  return startLoop({
    look: async () => {
      for (const [name, place] of places) read(name, place);
      await tell();
    },
    least: LOOK,
    onError: (error) => log.warn({ err: error }, 'which keys this process has cannot be told'),
  });
};

import { createSecretKey, type KeyObject } from 'node:crypto';

/** A 32-byte secret with a name that is written beside whatever it made. A KeyObject never prints its bytes. */
export interface Key {
  id: string;
  key: KeyObject;
}

/** The secrets of one use: `current` makes new values, the others still read old ones. */
export interface KeyRing {
  current: Key;
  /** All keys, the current one first. */
  keys: readonly Key[];
  find: (id: string) => Key | undefined;
}

/** A ring whose keys are replaced while it is in use: who holds it asks it again for each value. */
export interface LiveKeyRing extends KeyRing {
  /** Throws unless `next` has one of the keys that are in use: what stands under them would be lost. */
  replace(next: KeyRing): void;
}

export const KEY_BYTES = 32;

/**
 * A key ring of given keys, the first being the current one.
 * Throws if there is none, an id is not `[A-Za-z0-9_-]{1,32}` or stands twice, or a key is not 32 bytes.
 */
export function createKeyRing(entries: readonly { id: string; bytes: Uint8Array }[]): KeyRing {
  const keys = entries.map(({ id, bytes }): Key => {
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(id)) {
      throw new Error(`key id "${id}" must be 1 to 32 letters, digits, "_" or "-"`);
    }
    if (bytes.length !== KEY_BYTES) throw new Error(`key "${id}" has ${bytes.length} bytes, it must have ${KEY_BYTES}`);
    return { id, key: createSecretKey(bytes) };
  });
  const [current] = keys;
  if (!current) throw new Error('a key ring needs at least one key');
  const byId = new Map(keys.map((key) => [key.id, key]));
  if (byId.size < keys.length) throw new Error('a key id stands twice: give each key its own');
  return { current, keys, find: (id) => byId.get(id) };
}

/**
 * Reads a setting such as `2026b:base64,2026a:base64`, the current key first; each key is 32 bytes in base64 or base64url.
 * The message of what it throws never carries a key.
 */
export function parseKeyRing(setting: string): KeyRing {
  const entries = setting.split(',').map((part, index) => {
    const [, id, encoded] = /^\s*([^:\s]+):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(part) ?? [];
    if (!id || !encoded) throw new Error(`key ${index + 1} of the setting must be written as id:base64`);
    return { id, bytes: Buffer.from(encoded, 'base64') };
  });
  return createKeyRing(entries);
}

/** A ring that begins with the keys of `first`. */
export const createLiveKeyRing = (first: KeyRing): LiveKeyRing => {
  let ring = first;
  return {
    get current() {
      return ring.current;
    },
    get keys() {
      return ring.keys;
    },
    find: (id) => ring.find(id),
    replace: (next) => {
      const goesOn = next.keys.some(({ id, key }) => ring.find(id)?.key.equals(key) === true);
      if (!goesOn) throw new Error('none of the keys in use is among the new ones: put them back behind the new one');
      ring = next;
    },
  };
};

/** One key of 32 bytes, known by its id wherever something written with it is stored. */
export interface Key {
  id: string;
  bytes: Buffer;
}

/** Keys of one purpose: `current` writes, all of them read. */
export interface KeyRing {
  current: Key;
  byId: ReadonlyMap<string, Key>;
}

/**
 * Reads DATA_KEY, LOOKUP_KEY, SIGNING_KEY or CHAIN_KEY: "id:base64,id:base64", the current key first.
 * Throws when a key is not 32 bytes or an id stands twice.
 */
export const parseKeyRing = (setting: string): KeyRing => {
  const keys = setting.split(',').map((part): Key => {
    const [id = '', encoded = ''] = part.split(':');
    const bytes = Buffer.from(encoded, 'base64');
    if (id === '' || bytes.length !== 32)
      throw new Error(`The key "${id}" is not 32 bytes in base64: run "openssl rand -base64 32".`);
    return { id, bytes };
  });
  const byId = new Map(keys.map((key) => [key.id, key]));
  const [current] = keys;
  if (current === undefined || byId.size !== keys.length)
    throw new Error('Two keys carry the same id: give each its own.');
  return { current, byId };
};

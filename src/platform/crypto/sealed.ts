import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { KEY_BYTES, type Key, type KeyRing } from './key-ring.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** So many random bytes, given once. */
export type RandomBytes = (size: number) => Buffer;

/** Asking for random bytes costs as much for twelve as for so many. */
const DRAWN = 8_192;

/** Random bytes for whoever seals many values: drawn from the system many at once, each given once and kept nowhere else. */
export const createRandom = (): RandomBytes => {
  let drawn = Buffer.alloc(0);
  let given = 0;
  return (size) => {
    if (given + size > drawn.length) {
      drawn = randomBytes(Math.max(DRAWN, size));
      given = 0;
    }
    given += size;
    return drawn.subarray(given - size, given);
  };
};

/** Why a sealed value could not be opened. `forged` covers every change: the text, the key id, what it is bound to. */
export class SealError extends Error {
  readonly reason: 'malformed' | 'unknown_key' | 'forged';

  constructor(reason: SealError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SealError';
    this.reason = reason;
  }
}

/**
 * Encrypts with AES-256-GCM under the ring's current key: `keyId.base64url(nonce, ciphertext, tag)`.
 * `boundTo` names the place of the value (table, column, row): moved elsewhere, it does not open.
 * Nonces are random (NIST SP 800-38D, 8.2.2): at most 2^32 values a key. `random`: see {@link createRandom}.
 */
export function seal(
  plaintext: string | Uint8Array,
  keyRing: KeyRing,
  boundTo: string,
  random: RandomBytes = randomBytes,
): string {
  const { id, key } = keyRing.current;
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(associated(id, boundTo));
  const body = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return `${id}.${body.toString('base64url')}`;
}

/** The text that {@link seal} encrypted for the same binding, under any key of the ring. Throws SealError. */
export function open(sealed: string, keyRing: KeyRing, boundTo: string): string {
  return openBytes(sealed, keyRing, boundTo).toString('utf8');
}

/** As {@link open}, for bytes. */
export function openBytes(sealed: string, keyRing: KeyRing, boundTo: string): Buffer {
  const { id, key } = keyOf(sealed, keyRing);
  const encoded = sealed.slice(id.length + 1);
  const body = Buffer.from(encoded, 'base64url');
  if (body.length < NONCE_BYTES + TAG_BYTES || body.toString('base64url') !== encoded) {
    throw new SealError('malformed', 'the sealed value is cut short or not base64url');
  }
  const decipher = createDecipheriv(CIPHER, key, body.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(associated(id, boundTo))
    .setAuthTag(body.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new SealError('forged', 'the sealed value was changed, or belongs elsewhere', { cause });
  }
}

/** Whether a value stands under another key than the ring's current one, and should be sealed again. */
export function needsReseal(sealed: string, keyRing: KeyRing): boolean {
  return keyOf(sealed, keyRing).id !== keyRing.current.id;
}

/** A fresh data key, to be stored only as {@link wrap} gives it; erasing the wrapped key erases all that it sealed. */
export function newDataKey(random: RandomBytes = randomBytes): KeyObject {
  const bytes = random(KEY_BYTES);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/** Encrypts a data key under the ring's current key, bound to its owner. */
export function wrap(dataKey: KeyObject, keyRing: KeyRing, boundTo: string, random?: RandomBytes): string {
  return seal(dataKey.export(), keyRing, `data-key:${boundTo}`, random);
}

/** The data key that {@link wrap} encrypted for the same owner. Throws SealError. */
export function unwrap(wrapped: string, keyRing: KeyRing, boundTo: string): KeyObject {
  return createSecretKey(openBytes(wrapped, keyRing, `data-key:${boundTo}`));
}

/** A ring of one data key, to {@link seal} and {@link open} with. Its id is fixed: a data key is never rotated, only wrapped anew. */
export function dataKeyRing(dataKey: KeyObject): KeyRing {
  const current: Key = { id: 'data', key: dataKey };
  return { current, keys: [current], find: (id) => (id === current.id ? current : undefined) };
}

/**
 * A keyed hash (HMAC-SHA-256) of a text for one purpose under the current key: `keyId.base64url`.
 * The same text gives another hash for another purpose. The caller normalizes the text.
 */
export function hmac(keyRing: KeyRing, purpose: string, text: string): string {
  return keyedHash(keyRing.current, purpose, text);
}

/** The hashes under which a text may be stored, the current key's first: what a look-up compares with while keys rotate. */
export function lookupHashes(keyRing: KeyRing, purpose: string, text: string): string[] {
  return keyRing.keys.map((key) => keyedHash(key, purpose, text));
}

function keyedHash({ id, key }: Key, purpose: string, text: string): string {
  const hash = createHmac('sha256', key).update(lengthPrefixed(purpose)).update(text).digest('base64url');
  return `${id}.${hash}`;
}

function keyOf(sealed: string, keyRing: KeyRing): Key {
  const dot = sealed.indexOf('.');
  if (dot < 1) throw new SealError('malformed', 'the sealed value carries no key id');
  const key = keyRing.find(sealed.slice(0, dot));
  if (!key) throw new SealError('unknown_key', 'the value was sealed under a key that is not in the ring: add it');
  return key;
}

function associated(id: string, boundTo: string): Buffer {
  return Buffer.concat([lengthPrefixed(id), Buffer.from(boundTo)]);
}

/** Its length first, so that no two pairs of texts run together into the same bytes. */
function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

import { createHmac } from 'node:crypto';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';

/** A number in [0, 1) that only who holds the key can tell: for the same purpose and words the same, whenever it is drawn. */
export type Draw = (purpose: 'random' | 'random-at' | 'review', ...words: readonly string[]) => number;

/** Six bytes of a MAC: as many bits as a number keeps exactly. */
const BYTES = 6;

/**
 * Draws by HMAC-SHA-256 under the current key; purposes are apart from each other and from whatever else the key is used for.
 * A new key draws anew what was not drawn yet; what was drawn stands in its requirement.
 */
export const createDraw =
  (keys: KeyRing): Draw =>
  (...words) =>
    createHmac('sha256', keys.current.key)
      .update(JSON.stringify(['fitness.draw', ...words]))
      .digest()
      .readUIntBE(0, BYTES) /
    2 ** (8 * BYTES);

import { createLocalJWKSet, errors } from 'jose';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';

const TIMEOUT = 3000;
/** At most one question in this time, whatever tokens ask for; milliseconds. */
const COOL_DOWN = 2000;
/** After a failure: so that a hanging endpoint does not hold up every request. */
const FAILURE_COOL_DOWN = 1000;
const FRESH = 600_000;
/** How long keys stay good while their endpoint does not answer. */
const STALE = 3_600_000;
const MAX_BYTES = 262_144;

/** No key set could be had: nothing is known about the token. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  return (
    typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys) && value.keys.length > 0
  );
}

async function fetchKeys(url: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) });
  const text = await response.text();
  if (!response.ok || text.length > MAX_BYTES) throw new Error(`The key endpoint answered ${response.status}`);
  const keys: unknown = JSON.parse(text);
  if (!isKeySet(keys)) throw new Error('The key endpoint answered without keys');
  return createLocalJWKSet(keys);
}

/**
 * The issuer's public keys, fetched when first needed, again after 10 minutes, and when a token names a key that is not
 * among them. Parallel callers share one fetch. An endpoint that hangs, answers HTML or an empty set changes nothing:
 * known keys serve on for an hour, and the next question after a second may mend it.
 * @throws KeysUnavailableError when there are no keys to verify with
 */
export function createSigningKeys(url: string, now: () => Date): JWTVerifyGetKey {
  let known: { find: JWTVerifyGetKey; at: number } | undefined;
  let failedAt = -Infinity;
  let fetching: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    try {
      known = { find: await fetchKeys(url), at: now().getTime() };
    } catch (error) {
      failedAt = now().getTime();
      if (known && failedAt - known.at < STALE) return;
      known = undefined;
      throw new KeysUnavailableError('The keys of the identity provider cannot be fetched', { cause: error });
    } finally {
      fetching = undefined;
    }
  };
  const reload = (): Promise<void> => {
    fetching ??= load();
    return fetching;
  };
  const age = (): number => now().getTime() - (known?.at ?? -Infinity);
  const coolingDown = (): boolean => now().getTime() - failedAt < FAILURE_COOL_DOWN;

  return async (header, token) => {
    if (age() >= FRESH && !(coolingDown() && age() < STALE)) {
      if (coolingDown() && !fetching) throw new KeysUnavailableError('The keys could not be fetched a moment ago');
      await reload();
    }
    if (!known) throw new KeysUnavailableError('There are no keys to verify with');
    try {
      return await known.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || age() < COOL_DOWN || coolingDown()) throw error;
      await reload();
      return known.find(header, token);
    }
  };
}

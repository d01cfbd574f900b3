import { IdentityProviderError } from './identity-provider/errors.ts';
import { Problem } from './problem.ts';
import { StorageError } from './storage/file-store.ts';

/** Seconds after which a part that did not answer is worth another try. */
const RETRY_AFTER = 5;

/** A statement that takes too long is the fault of whoever asks. */
const BUSY = 'DATABASE_BUSY';

/** The 503 that an error means when a part of the system does not serve; undefined for every other error. */
export const asOutage = (error: unknown): Problem | undefined => {
  if (error instanceof Problem) return error.status === 503 && error.code !== BUSY ? error : undefined;
  if (error instanceof IdentityProviderError && (error.code === 'unavailable' || error.code === 'misconfigured'))
    return new Problem(503, 'IDENTITY_PROVIDER_UNAVAILABLE', { cause: error, retryAfter: RETRY_AFTER });
  if (error instanceof StorageError && error.code === 'unavailable')
    return new Problem(503, 'STORAGE_UNAVAILABLE', { cause: error, retryAfter: RETRY_AFTER });
  return undefined;
};

import { IdentityProviderError } from './identity-provider/errors.ts';
import { Problem } from './problem.ts';
import { StorageError } from './storage/file-store.ts';

/** Seconds after which a part that did not answer is worth another try. */
const RETRY_AFTER = 5;

/** A statement that takes too long is the fault of whoever asks, and work that collided, of the work. */
const OWN_FAULTS: readonly string[] = ['DATABASE_BUSY', 'WORK_COLLIDED'];

/** The 503 that an error means when a part of the system does not serve; undefined for every other error. */
export const asOutage = (error: unknown): Problem | undefined => {
  if (error instanceof Problem) return error.status === 503 && !OWN_FAULTS.includes(error.code) ? error : undefined;
  if (error instanceof IdentityProviderError && (error.code === 'unavailable' || error.code === 'misconfigured'))
    return new Problem(503, 'IDENTITY_PROVIDER_UNAVAILABLE', { cause: error, retryAfter: RETRY_AFTER });
  if (error instanceof StorageError && error.code === 'unavailable')
    return new Problem(503, 'STORAGE_UNAVAILABLE', { cause: error, retryAfter: RETRY_AFTER });
  return undefined;
};

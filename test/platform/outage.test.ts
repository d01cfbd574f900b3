import { expect } from 'chai';
import { IdentityProviderError } from '../../src/platform/identity-provider/errors.ts';
import { asOutage } from '../../src/platform/outage.ts';
import { Problem } from '../../src/platform/problem.ts';
import { StorageError } from '../../src/platform/storage/file-store.ts';

describe('a part of the system that is away', () => {
  it('is a 503 that says when to come back', () => {
    for (const [error, code] of [
      [new StorageError('unavailable', ''), 'STORAGE_UNAVAILABLE'],
      [new IdentityProviderError('unavailable', ''), 'IDENTITY_PROVIDER_UNAVAILABLE'],
      [new IdentityProviderError('misconfigured', ''), 'IDENTITY_PROVIDER_UNAVAILABLE'],
      [new Problem(503, 'DATABASE_UNAVAILABLE', { retryAfter: 2 }), 'DATABASE_UNAVAILABLE'],
    ] as const) {
      const outage = asOutage(error);
      expect(outage).to.include({ status: 503, code });
      expect(outage?.options.retryAfter).to.be.greaterThan(0);
    }
  });

  it('is nothing else', () => {
    for (const error of [
      new StorageError('not_found', ''),
      new IdentityProviderError('conflict', ''),
      new Problem(503, 'DATABASE_BUSY'),
      new Problem(503, 'WORK_COLLIDED'),
      new Problem(409, 'DUPLICATE'),
      new Error('its own'),
    ])
      expect(asOutage(error), error.message).to.equal(undefined);
  });
});

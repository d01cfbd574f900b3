import { randomBytes, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createKeyRing } from '../../src/platform/crypto/key-ring.ts';
import type { KeyRing } from '../../src/platform/crypto/key-ring.ts';
import type { Scope } from '../../src/platform/db/scope.ts';
import type { TestDatabase } from './database.ts';

/** A bare company row; its id. */
export const addCompany = async (database: Pick<TestDatabase, 'sql'>): Promise<string> => {
  const id = uuidv7();
  await database.sql(
    `insert into company (id, slug, name, kind, timezone, locale, status, created_at, updated_at)
     values ($1::uuid, $2, $2, 'standard', 'America/Santiago', 'es', 'active', $3, $3)`,
    [id, `c-${id.slice(-12)}`, new Date()],
  );
  return id;
};

/** The scope of a profile without a session: what a job would use, with a person as actor. */
export const scopeOf = (companyId: string, profileId: string = uuidv7()): Scope => ({
  companyId,
  actor: { kind: 'profile', id: profileId },
  traceId: randomUUID().replaceAll('-', ''),
});

/** A ring of one random key. */
export const randomRing = (id = 'k1'): KeyRing => createKeyRing([{ id, bytes: randomBytes(32) }]);

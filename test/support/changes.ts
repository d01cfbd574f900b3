import { v7 as uuidv7 } from 'uuid';
import { createChangeRecorder } from '../../src/platform/change/recorder.ts';
import type { ChangeEvent, ChangeRecorder } from '../../src/platform/change/recorder.ts';
import { createVault } from '../../src/platform/change/vault.ts';
import type { Database } from '../../src/platform/db/database.ts';
import { randomRing, scopeOf } from './companies.ts';

/** A recorder for tests that write no personal values of their own. */
export const plainRecorder = (): ChangeRecorder => createChangeRecorder(createVault(randomRing()));

/** Commits one change of the company, an update of a thing unless told otherwise. */
export const commitChange = (
  db: Database,
  recorder: ChangeRecorder,
  companyId: string,
  event: Partial<ChangeEvent> = {},
): Promise<void> =>
  db.write(scopeOf(companyId), (tx) =>
    recorder.event(tx, { entity: 'thing', entityId: uuidv7(), action: 'update', ...event }),
  );

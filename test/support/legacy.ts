import { hash } from 'bcryptjs';
import { createContacts } from '../../src/modules/identity/persons/contact.ts';
import type { PeopleHost } from './people.ts';

/** Somebody whose password of an older system waits for their first sign-in here. */
export const addLegacyPassword = async (
  { database, clock, platform }: Pick<PeopleHost, 'database' | 'clock' | 'platform'>,
  personId: string,
  password: string,
): Promise<void> => {
  const [person] = await database.sql<{ id: string; dataKey: string }>(
    'select id, data_key as "dataKey" from person where id = $1',
    [personId],
  );
  const sealed = createContacts(platform.keys).legacyHash(person!, await hash(password, 4));
  await database.sql('insert into legacy_credential (person_id, hash_sealed, imported_at) values ($1, $2, $3)', [
    personId,
    sealed,
    clock.now(),
  ]);
};

/** Whether it waits still. */
export const hasLegacyPassword = async ({ database }: Pick<PeopleHost, 'database'>, personId: string) =>
  (await database.sql('select 1 from legacy_credential where person_id = $1', [personId])).length > 0;

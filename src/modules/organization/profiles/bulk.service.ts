import { v7 as uuidv7 } from 'uuid';
import type { PersonalVault } from '../../../platform/change/vault.ts';
import { writeNewSearchTokens } from '../../../platform/db/search.ts';
import type { ChangeRecorder, Tx } from '../../../platform/module.ts';
import type { NewPerson, PeopleBulk } from '../../workforce/ports.ts';
import { normalizeContact } from './contact.ts';
import { insertLinks, SystemLink } from './links.repository.ts';
import type { NationalIds } from './national-id.ts';
import { insertProfiles, Profile } from './profiles.repository.ts';

interface BulkDependencies {
  readonly nationalIds: NationalIds;
  readonly vault: Pick<PersonalVault, 'create'>;
  readonly changes: Pick<ChangeRecorder, 'creations'>;
}

type Seal = (subject: string, plaintext: string) => string;

/** Adds many people at once, by the rules that add one: sealed, hashed and masked ids, search words, change rows. */
export const createPeopleBulk = ({ nationalIds, vault, changes }: BulkDependencies): PeopleBulk => {
  const link = async (tx: Tx, people: readonly NewPerson[], seal: Seal): Promise<void> => {
    const rows = people.flatMap(({ id: profileId, links }) =>
      Object.entries(links).map(([system, externalId]) => ({ id: uuidv7(), profileId, system, externalId })),
    );
    if (rows.length === 0) return;
    await insertLinks(tx, rows);
    await changes.creations(tx, SystemLink, rows, seal);
  };
  return {
    nationalIds: (reader) => nationalIds.reader(reader),
    contact: normalizeContact,
    add: async (tx, people) => {
      await nationalIds.holdAll(
        tx,
        people.map(({ nationalIdKind: kind, nationalId: value }) => ({ kind, value })),
      );
      const seal = await vault.create(
        tx,
        people.map(({ id }) => id),
      );
      const rows = people.map(({ nationalId, nationalIdKind, links: _links, ...person }) => ({
        ...person,
        status: 'draft' as const,
        attributes: {},
        ...nationalIds.stored(tx.companyId, nationalIdKind, nationalId, seal(person.id, nationalId)),
      }));
      await insertProfiles(tx, rows);
      await writeNewSearchTokens(tx, Profile, rows);
      await changes.creations(tx, Profile, rows, seal);
      await link(tx, people, seal);
    },
  };
};

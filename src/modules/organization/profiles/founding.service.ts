import type { Locale } from '../../../platform/i18n/locales.ts';
import type { Mover, Repository, Tx } from '../../../platform/module.ts';
import type { Assignments } from '../roles/assignments.service.ts';
import { BLANK_PROFILE, draftWithEmail } from './profiles.repository.ts';
import type { ProfileRow } from './profiles.repository.ts';

export interface Founder {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly locale: Locale;
}

interface FoundingDependencies {
  readonly repository: Repository<ProfileRow>;
  readonly mover: Mover<ProfileRow>;
  readonly assignments: Pick<Assignments, 'makeFirstOwner' | 'ownersAsked' | 'endRoles'>;
}

/** The first person of a company, who owns it. Works in a transaction of that company. */
export const createFounding = ({ repository, mover, assignments }: FoundingDependencies) => {
  const add = (
    tx: Tx,
    { firstName, lastName, email }: Omit<Founder, 'locale'>,
    status: 'draft' | 'invited',
  ): Promise<ProfileRow> =>
    repository.insert(tx, { ...BLANK_PROFILE, firstName, lastName, contactEmail: email.toLowerCase(), status });

  /** Whoever was asked and has not come is asked no more: their link ends, and the owner's role is not theirs. */
  const releaseAsked = async (tx: Tx): Promise<void> => {
    for (const id of await assignments.ownersAsked(tx)) {
      const row = await repository.lock(tx, id);
      if (row.status === 'invited') await mover.moveAs(tx, { scope: tx.scope }, row, 'withdraw');
      if (row.status === 'invited' || row.status === 'draft') await assignments.endRoles(tx, id, 'owner');
    }
  };

  const takeUp = async (tx: Tx, id: string, { firstName, lastName }: Founder): Promise<ProfileRow> =>
    repository.update(tx, await repository.lock(tx, id), { firstName, lastName });

  return {
    /** Adds the founder, whose address and password are proven, as the active owner. */
    join: async (tx: Tx, founder: Omit<Founder, 'locale'>, personId: string): Promise<string> => {
      const row = await add(tx, founder, 'invited');
      await assignments.makeFirstOwner(tx, row.id);
      await mover.moveAs(tx, { scope: tx.scope }, row, 'activate', { personId });
      return row.id;
    },
    /** Asks the founder by mail to join, in the place of whoever was asked before. Throws 409 when the company has an owner. */
    invite: async (tx: Tx, founder: Founder): Promise<string> => {
      await releaseAsked(tx);
      const draft = await draftWithEmail(tx, founder.email, null);
      const row = draft === undefined ? await add(tx, founder, 'draft') : await takeUp(tx, draft.id, founder);
      await assignments.makeFirstOwner(tx, row.id);
      await mover.moveAs(tx, { scope: tx.scope }, row, 'invite', { locale: founder.locale });
      return row.id;
    },
  };
};

export type Founding = ReturnType<typeof createFounding>;

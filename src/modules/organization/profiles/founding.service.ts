import type { Locale } from '../../../platform/i18n/locales.ts';
import type { Mover, Repository, Tx } from '../../../platform/module.ts';
import { BLANK_PROFILE } from './profiles.repository.ts';
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
  /** Gives the owner's role. Throws 409 when the company has an owner. */
  readonly makeFirstOwner: (tx: Tx, profileId: string) => Promise<void>;
}

/** The first person of a company, who owns it. Works in a transaction of that company. */
export const createFounding = ({ repository, mover, makeFirstOwner }: FoundingDependencies) => {
  /** Adds the founder's profile, not yet asked, and the owner's role; answers the profile's id. */
  const found = async (
    tx: Tx,
    { firstName, lastName, email }: Omit<Founder, 'locale'>,
    status: 'draft' | 'invited' = 'draft',
  ): Promise<ProfileRow> => {
    const row = await repository.insert(tx, {
      ...BLANK_PROFILE,
      firstName,
      lastName,
      contactEmail: email.toLowerCase(),
      status,
    });
    await makeFirstOwner(tx, row.id);
    return row;
  };
  return {
    found,
    /** Adds the founder, whose address and password are proven, as the active owner. */
    join: async (tx: Tx, founder: Omit<Founder, 'locale'>, personId: string): Promise<string> => {
      const row = await found(tx, founder, 'invited');
      await mover.moveAs(tx, { scope: tx.scope }, row, 'activate', { personId });
      return row.id;
    },
    /** Adds the founder and asks them by mail to join. */
    invite: async (tx: Tx, founder: Founder): Promise<string> => {
      const row = await found(tx, founder);
      await mover.moveAs(tx, { scope: tx.scope }, row, 'invite', { locale: founder.locale });
      return row.id;
    },
  };
};

export type Founding = ReturnType<typeof createFounding>;

import { serialize } from '../../platform/db/serialize.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import { invalid, Problem } from '../../platform/module.ts';
import type { Context, Repository } from '../../platform/module.ts';
import type { Wishes } from './delivery-choice.ts';
import { ownProfile } from './own-profile.ts';
import { preferenceIdOf } from './preferences.repository.ts';
import type { PreferenceRow } from './preferences.repository.ts';

interface PreferencesDependencies {
  readonly repository: Repository<PreferenceRow>;
  readonly work: UnitOfWork;
}

export type PreferencesShown = Pick<PreferenceRow, 'modes' | 'muteUntil' | 'quietHours' | 'version'>;

const show = ({ modes, muteUntil, quietHours, version }: PreferenceRow): PreferencesShown => ({
  modes,
  muteUntil,
  quietHours,
  version,
});

/** How the caller wants to be told, in the company they are in. */
export const createPreferences = ({ repository, work }: PreferencesDependencies) => ({
  read: (context: Context): Promise<PreferencesShown> =>
    work.read(context, async (reader) => {
      const id = await preferenceIdOf(reader, ownProfile(context));
      return id === undefined
        ? { modes: [], muteUntil: null, quietHours: null, version: 0 }
        : show(await repository.get(reader, id));
    }),
  /** Replaces them. `version` is the one that was read, 0 where nothing was chosen. Throws 412 when it moved on. */
  replace: (context: Context, wishes: Wishes, version: number): Promise<PreferencesShown> =>
    work.write(context, async (tx) => {
      const profileId = ownProfile(context);
      const { quietHours } = wishes;
      if (quietHours !== null && quietHours.from === quietHours.to)
        throw invalid('/quietHours/to', 'QUIET_HOURS_EMPTY');
      await serialize(tx, `notification preferences ${profileId}`);
      const id = await preferenceIdOf(tx, profileId);
      if (id === undefined && version !== 0) throw new Problem(412, 'VERSION_MISMATCH', { extra: { version: 0 } });
      const values = { ...wishes, modes: [...wishes.modes] };
      const row =
        id === undefined
          ? await repository.insert(tx, { profileId, ...values })
          : await repository.update(tx, await repository.lock(tx, id, version), values);
      return show(row);
    }),
});

export type Preferences = ReturnType<typeof createPreferences>;

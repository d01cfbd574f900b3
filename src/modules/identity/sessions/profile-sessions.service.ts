import type { Static } from 'typebox';
import type { Directory } from '../../../platform/access/directory.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { notFound } from '../../../platform/module.ts';
import type { Context, Tx } from '../../../platform/module.ts';
import type { Endings } from './endings.service.ts';
import type { ProfileSessionsView } from './session-views.ts';
import { personOfProfile, sessionsOfProfile } from './sessions.repository.ts';
import type { ProfileSession } from './sessions.repository.ts';

/** People of a company as far as they are a caller's to change. */
export interface ReachableProfiles {
  /** 404 unless the caller may see the profile, 403 unless it is theirs to change. */
  mustManage(tx: Tx, context: Context, profileId: string): Promise<void>;
}

interface ProfileSessionsDependencies {
  readonly work: UnitOfWork;
  readonly profiles: ReachableProfiles;
  readonly directory: Pick<Directory, 'memberships'>;
  readonly endings: Pick<Endings, 'end' | 'endAll'>;
}

export interface ProfileSessions {
  /** Live sessions of a profile in the caller's company, the one seen last first; 403 of whoever ranks as high. */
  list(context: Context, profileId: string): Promise<Static<typeof ProfileSessionsView>>;
  /** Ends one of them, at the identity provider too. 404 when it is not theirs, or over. */
  end(context: Context, profileId: string, id: string): Promise<void>;
  /**
   * Ends all of them but the one that asks, and of somebody who may act in no other company those at the provider that made no
   * request yet.
   */
  endAll(context: Context, profileId: string): Promise<{ ended: number }>;
}

/** Sessions of a company's people in the hands of its admins; none of what somebody does in another company. */
export const createProfileSessions = (dependencies: ProfileSessionsDependencies): ProfileSessions => {
  const { work, profiles, directory, endings } = dependencies;

  const managed = (context: Context, profileId: string): Promise<ProfileSession[]> =>
    work.write(context, async (tx) => {
      await profiles.mustManage(tx, context, profileId);
      return sessionsOfProfile(tx, profileId);
    });
  const endEach = async (context: Context, profileId: string, sessions: readonly ProfileSession[]): Promise<void> => {
    const { companyId, actor } = context.scope;
    const ending = { because: 'by_admin', traceId: context.traceId, by: actor };
    for (const session of sessions) await endings.end({ ...session, companyId, profileId }, ending);
  };

  const isElsewhere = async (personId: string, here: string): Promise<boolean> =>
    (await directory.memberships(personId)).some((one) => one.profileId !== here && one.profileStatus === 'active');

  return {
    list: async (context, profileId) => ({
      items: (await managed(context, profileId)).map(({ sid: _sid, ...session }) => session),
    }),
    end: async (context, profileId, id) => {
      const sessions = (await managed(context, profileId)).filter((session) => session.id === id);
      if (sessions.length === 0) throw notFound();
      await endEach(context, profileId, sessions);
    },
    endAll: async (context, profileId) => {
      const sessions = (await managed(context, profileId)).filter(({ id }) => id !== context.principal.sessionId);
      await endEach(context, profileId, sessions);
      const personId = await work.read(context, (reader) => personOfProfile(reader, profileId));
      // Of somebody who may act elsewhere too they are no more this company's than another's.
      if (personId !== undefined && !(await isElsewhere(personId, profileId)))
        await endings.endAll(personId, { because: 'by_admin', traceId: context.traceId }, { isKept: () => true });
      return { ended: sessions.length };
    },
  };
};

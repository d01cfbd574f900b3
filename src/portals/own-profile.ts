import type { Context } from '../platform/http/context.ts';
import { forbidden } from '../platform/problem.ts';

/** The caller's profile; staff and machines have none, and no screen of their own here. Throws 403. */
export const ownProfile = ({ principal: { profileId } }: Pick<Context, 'principal'>): string => {
  if (profileId === null) throw forbidden('PROFILE_NEEDED');
  return profileId;
};

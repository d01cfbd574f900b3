import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { Context } from '../../../platform/module.ts';
import { HourAuthorization } from './authorizations.repository.ts';
import type { HourAuthorizationRow } from './authorizations.repository.ts';

const permission = 'gate:hour-authorization:move';

const mayActivate = ({ endsAt, profileId }: HourAuthorizationRow, now: Date, caller?: Context): string | undefined => {
  if (Date.parse(endsAt) <= now.getTime()) return 'HOUR_AUTHORIZATION_OVER';
  return profileId !== null && caller?.principal.profileId === profileId ? 'HOUR_AUTHORIZATION_OWN' : undefined;
};

/** draft → active → expired at the end of its last day, or revoked with a reason. */
export const authorizationLifecycle = lifecycle<HourAuthorizationRow>({
  entity: HourAuthorization,
  initial: 'draft',
  moves: {
    activate: move({
      from: ['draft'],
      to: 'active',
      permission,
      summary: 'Put an authorization of hours in force',
      when: mayActivate,
    }),
    revoke: move({
      from: ['active'],
      to: 'revoked',
      permission,
      summary: 'End an authorization of hours before its last day',
      fields: exact({ reason: text(500) }),
    }),
    expire: move({
      from: ['active'],
      to: 'expired',
      system: true,
      summary: 'The last day of an authorization of hours is over',
      dueAt: ({ endsAt }) => new Date(endsAt),
    }),
  },
});

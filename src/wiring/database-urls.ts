import type { Role } from '../platform/db/roles.ts';
import type { Settings } from '../platform/settings/settings.ts';

/** URLs of the three users from the settings; undefined in embedded mode. */
export const urlsOf = (settings: Settings): Record<Role, string> | undefined => {
  const { DATABASE_URL: app, DATABASE_OWNER_URL: owner, DATABASE_SYSTEM_URL: system } = settings;
  return app === undefined || owner === undefined || system === undefined ? undefined : { app, owner, system };
};

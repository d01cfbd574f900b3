import { setting } from '../../../platform/configuration.ts';
import { exact, integer } from '../../../platform/schema/types.ts';

/** How many sessions of one person live at once in a company; the oldest ends. */
export const SESSIONS_SETTING = setting({
  key: 'identity.sessions',
  schema: exact({ mostLive: integer(1, 20) }),
  default: { mostLive: 3 },
});

import { setting } from '../../../platform/configuration.ts';
import { retentionBySetting } from '../../../platform/privacy/retention.ts';
import { exact, integer } from '../../../platform/schema/types.ts';
import { PURGE_COMPANY } from './companies.lifecycle.ts';

const DAY = 86_400_000;

/** What becomes of a company once it is closed; it says so while it lives. */
export const CLOSING_SETTING = setting({
  key: 'organization.closing',
  schema: exact({
    purgeAfterDays: integer(30, 3_650, {
      description: 'For so long an archived company keeps all it has, should it come to be needed; then it is purged',
    }),
  }),
  default: { purgeAfterDays: 90 },
});

/** All that an archived company has. */
export const CLOSED_RETENTION = retentionBySetting(
  { of: 'archived_company', by: PURGE_COMPANY },
  CLOSING_SETTING,
  ({ purgeAfterDays }) => purgeAfterDays * DAY,
);

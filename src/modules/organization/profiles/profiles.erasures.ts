import { clears, keeps, shows } from '../../../platform/module.ts';
import type { Erasure } from '../../../platform/module.ts';
import { SystemLink } from './links.repository.ts';
import { ReportingLine } from './reporting.repository.ts';

/** What hangs on a profile, of the organization's own. */
export const profileErasures: readonly Erasure[] = [
  {
    ...clears(
      'system_link',
      `update system_link set external_id = '–', deleted_at = coalesce(deleted_at, $3), version = version + 1
       where company_id = $1 and profile_id = $2 returning id`,
      (_profile, { now }) => [now],
    ),
    ...shows(SystemLink),
  },
  clears('person_company', 'delete from person_company where company_id = $1 and profile_id = $2 returning person_id'),
  keeps(ReportingLine, { by: 'subordinate_id' }),
  keeps('reporting_closure', { by: 'subordinate_id', writtenOnce: true }),
];

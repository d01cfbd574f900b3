import Type from 'typebox';
import {
  clears,
  entity,
  instant,
  integer,
  listOf,
  nullable,
  oneOf,
  shows,
  text,
  uuid,
} from '../../../platform/module.ts';
import type { Erasure, Reader, RowOf } from '../../../platform/module.ts';
import { featureCode, quotaSchema } from './catalogue.repository.ts';

const WHOM = {
  departmentId: nullable(uuid({ description: 'Its people, and those of all below it' })),
  roleId: nullable(uuid({ description: 'Whoever holds this own role, or one that inherits from it' })),
  systemRole: nullable(Type.String({ maxLength: 40, examples: ['physician'] })),
  profileId: nullable(uuid()),
};

/** That a feature is given to, or withheld from, a company, a department, a role or a person, for good or for a time. */
export const FeatureGrant = entity({
  table: 'feature_grant',
  fields: {
    feature: featureCode(),
    subject: oneOf(['company', 'department', 'role', 'profile']),
    ...WHOM,
    effect: oneOf(['allow', 'deny']),
    quota: quotaSchema('Most units in a period for each person; of a company’s for all together. Absent: no limit'),
    startsAt: instant(),
    endsAt: nullable(instant()),
    reason: text(500),
    byOperator: Type.Boolean({ description: 'Given by the operator’s staff: it needs no plan and no subscription' }),
    status: oneOf(['scheduled', 'active', 'revoked', 'expired']),
  },
  hidden: { level: integer(0, 1_000) },
  create: ['feature', 'departmentId', 'roleId', 'systemRole', 'profileId', 'effect', 'quota', 'endsAt', 'reason'],
  edit: [],
  personal: ['reason'],
  subject: ({ profileId, id }) => profileId ?? id,
});
export type FeatureGrantRow = RowOf<typeof FeatureGrant>;

export const grantList = listOf(FeatureGrant, {
  sorts: ['-startsAt'],
  filters: ['feature', 'profileId'],
  coarse: { status: 'grants are some hundreds', subject: 'the same', departmentId: 'the same', roleId: 'the same' },
});

/** Ids of what is, or will be, given to a profile itself; what is withheld from it is not among them. */
export const givenTo = async (reader: Reader, profileId: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select id from feature_grant where company_id = $1 and profile_id = $2 and effect = 'allow'
       and status in ('scheduled', 'active') and deleted_at is null order by id`,
    [reader.companyId, profileId],
  );
  return rows.map(({ id }) => id);
};

/** Whoever is erased is given nothing for a reason that names them. */
export const grantErasure: Erasure = {
  ...clears(
    'feature_grant',
    `update feature_grant set reason = '–', version = version + 1 where company_id = $1 and profile_id = $2 returning id`,
  ),
  ...shows(FeatureGrant),
};

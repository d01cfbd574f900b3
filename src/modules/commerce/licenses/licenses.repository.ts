import Type from 'typebox';
import { code, entity, instant, listOf, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';

export const LICENSE_STATES = ['active', 'suspended', 'expired', 'released'] as const;

export const License = entity({
  table: 'license',
  fields: {
    subscriptionId: uuid(),
    offering: code(40, { examples: ['SAFER'] }),
    profileId: uuid(),
    status: oneOf(LICENSE_STATES),
    byHand: Type.Boolean({ description: 'Assigned by hand: stays when no work assignment needs it' }),
    holders: Type.Array(uuid(), { maxItems: 200, description: 'Work assignments that need it' }),
    assignedAt: instant(),
    releasedAt: nullable(instant()),
  },
  create: [],
  edit: [],
});
export type LicenseRow = RowOf<typeof License>;

export const licenseList = listOf(License, {
  sorts: ['-assignedAt'],
  filters: ['profileId', 'subscriptionId'],
  coarse: { status: 'some states, all of them common', offering: 'offerings are few' },
});

const idsOf = async (tx: Reader, where: string, values: readonly unknown[]): Promise<string[]> => {
  const rows = await tx.prepared<{ id: string }>(
    `select l.id from license l where l.company_id = $1 and l.deleted_at is null and ${where} order by l.id`,
    [tx.companyId, ...values],
  );
  return rows.map(({ id }) => id);
};

/** The license of an offering that the profile has, if any. */
export const licenseOf = async (tx: Tx, profileId: string, offering: string): Promise<string | undefined> =>
  (
    await idsOf(tx, `l.profile_id = $2 and l.offering = $3 and l.status in ('active', 'suspended')`, [
      profileId,
      offering,
    ])
  )[0];

/** Licenses of a profile that a work assignment holds. */
export const licensesHeldBy = (tx: Tx, profileId: string, holder: string): Promise<string[]> =>
  idsOf(tx, `l.profile_id = $2 and $3 = any(l.holders) and l.status in ('active', 'suspended')`, [profileId, holder]);

/** Licenses that a profile has. */
export const licensesOf = (reader: Reader, profileId: string): Promise<string[]> =>
  idsOf(reader, `l.profile_id = $2 and l.status in ('active', 'suspended')`, [profileId]);

/** Licenses of a subscription in one of some states. */
export const licensesUnder = (tx: Tx, subscriptionId: string, states: readonly string[]): Promise<string[]> =>
  idsOf(tx, 'l.subscription_id = $2 and l.status = any($3)', [subscriptionId, states]);

/** Whether somebody's time in the company is over; until the commit it stays as it is. */
export const hasLeft = async (tx: Tx, profileId: string): Promise<boolean> => {
  const [profile] = await tx.prepared<{ status: string }>(
    'select status from profile where company_id = $1 and id = $2 and deleted_at is null for share',
    [tx.companyId, profileId],
  );
  return profile?.status === 'ended';
};

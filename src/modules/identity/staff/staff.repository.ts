import Type from 'typebox';
import { coarse, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity, exact, instant, integer, line, nullable, oneOf, text, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';

export const STAFF_ROLES = ['superadmin', 'support', 'operator_auditor'] as const;
export type StaffRoleCode = (typeof STAFF_ROLES)[number];

/** Somebody who runs Angelis. */
export const OperatorUser = entity({
  table: 'operator_user',
  fields: { personId: uuid(), role: oneOf(STAFF_ROLES), status: oneOf(['active', 'disabled']) },
  create: [],
  edit: ['role'],
});
export type OperatorUserRow = RowOf<typeof OperatorUser>;

export const StaffView = exact(
  {
    id: uuid(),
    version: integer(1, 2_147_483_647),
    createdAt: instant(),
    updatedAt: instant(),
    personId: uuid(),
    role: oneOf(STAFF_ROLES),
    status: oneOf(['active', 'disabled']),
    firstName: line(100),
    lastName: line(100),
    emailMask: nullable(Type.String()),
    personStatus: Type.String({ description: 'invited until the mailed link was accepted' }),
    lastLoginAt: nullable(instant()),
  },
  { 'x-component': 'internalUser' },
);

const AT = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export const staffList: ListDefinition = {
  name: 'internal-users',
  from: 'from operator_user o join person p on p.id = o.person_id',
  alias: 'o',
  where: 'o.deleted_at is null and $1::uuid is not null',
  item: `json_build_object('id', o.id, 'version', o.version, 'createdAt', ${AT('o.created_at')},
    'updatedAt', ${AT('o.updated_at')}, 'personId', o.person_id, 'role', o.role, 'status', o.status,
    'firstName', p.first_name, 'lastName', p.last_name, 'emailMask', p.email_mask, 'personStatus', p.status,
    'lastLoginAt', ${AT('p.last_login_at')})`,
  sorts: { lastName: 'p.last_name', created: 'o.created_at' },
  defaultSort: 'lastName',
  filters: {
    role: coarse(equalTo('o.role', oneOf(STAFF_ROLES)), 'staff are few'),
    status: coarse(equalTo('o.status', oneOf(['active', 'disabled'])), 'the same'),
  },
};

/** How many active superadmins there are beside one. */
export const otherSuperadmins = async (reader: Reader, id: string): Promise<number> => {
  const [row] = await reader.prepared<{ n: number }>(
    `select count(*)::int as n from operator_user
     where role = 'superadmin' and status = 'active' and deleted_at is null and id <> $1`,
    [id],
  );
  return row!.n;
};

/** Whether staff may enter a company: any that is not archived, and not the operator itself. */
export const mayEnter = async (reader: Reader, companyId: string): Promise<boolean> =>
  (
    await reader.prepared(
      `select 1 from company where id = $1 and kind <> 'operator' and status in ('pending', 'active', 'suspended')
         and deleted_at is null`,
      [companyId],
    )
  ).length === 1;

/** Support sessions in the company, for those whose company it is. */
export const supportSessionList: ListDefinition = {
  name: 'support-sessions',
  from: 'from session s',
  alias: 's',
  where: `s.company_id = $1 and s.kind = 'support'`,
  item: `json_build_object('id', s.id, 'staffId', s.person_id, 'reason', s.reason, 'openedAt', ${AT('s.created_at')},
    'expiresAt', ${AT('s.expires_at')}, 'endedAt', ${AT('s.revoked_at')})`,
  sorts: { opened: 's.created_at' },
  defaultSort: '-opened',
};

export const SupportSessionView = exact(
  {
    id: uuid(),
    staffId: uuid(),
    reason: text(500),
    openedAt: instant(),
    expiresAt: instant(),
    endedAt: nullable(instant()),
  },
  { 'x-component': 'supportSession' },
);

import Type from 'typebox';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import {
  clears,
  email,
  entity,
  exact,
  instant,
  integer,
  line,
  listOf,
  nullable,
  oneOf,
  shows,
  uuid,
} from '../../../platform/module.ts';
import type { Erasure, Reader, RowOf, Tx } from '../../../platform/module.ts';

export const INVITATION_STATES = ['pending', 'accepted', 'declined', 'revoked', 'expired'] as const;

/** How often an invitation may be sent again. */
export const MOST_RESENDS = 5;

/** What whoever is invited will be. */
export const ATTRIBUTES = exact({
  pgyLevel: Type.Optional(
    integer(1, 10, { description: 'Postgraduate year: who accepts becomes a resident of the institution in it' }),
  ),
});

/** A mailed question whether somebody joins: a profile's person, or a member of the staff. Its token is good while it is pending. */
export const Invitation = entity({
  table: 'invitation',
  fields: {
    profileId: nullable(uuid({ description: 'Who is asked to join; null: somebody of the staff' })),
    departmentId: nullable(uuid({ description: 'Department of the profile; once it is over, what it was then' })),
    email: email(),
    locale: oneOf(LOCALES),
    status: oneOf(INVITATION_STATES),
    sentCount: integer(1, MOST_RESENDS + 1),
    lastSentAt: instant(),
    remindedAt: nullable(instant({ description: 'When it was mailed once more, before its end' })),
    expiresAt: instant(),
    endedAt: nullable(instant({ description: 'When it was accepted, declined, revoked or expired' })),
    invitedBy: nullable(uuid({ description: 'Profile of whoever sent it first; null: the operator or the system' })),
    attributes: ATTRIBUTES,
  },
  hidden: {
    /** Who accepts as somebody new, chosen beforehand; who accepted. */
    personId: uuid(),
    tokenHash: nullable(line(100)),
    /** Role assignments that came with it, and go with it unless it is accepted. */
    givenRoles: Type.Array(uuid()),
    /** The same of features. */
    givenGrants: Type.Array(uuid()),
  },
  create: [],
  edit: [],
  personal: ['email'],
  subject: ({ profileId, personId }) => profileId ?? personId,
});
export type InvitationRow = RowOf<typeof Invitation>;

/** A row of the list: with the names that a screen shows beside it. */
export const InvitationItem = exact(
  {
    ...Invitation.view.properties,
    firstName: line(100),
    lastName: line(100),
    departmentName: nullable(line(200)),
    roles: Type.Array(Type.String({ description: 'Codes of the roles that came with it' }), { maxItems: 50 }),
    features: Type.Array(Type.String({ description: 'Codes of the features that came with it' }), { maxItems: 50 }),
  },
  { 'x-component': 'invitation_item' },
);

const ROLES = `(select coalesce(json_agg(coalesce(a.system_role, r.code) order by a.id), '[]')
  from role_assignment a left join role r on r.company_id = $1 and r.id = a.role_id
  where a.company_id = $1 and a.id = any(t.given_roles))`;

const FEATURES = `(select coalesce(json_agg(g.feature order by g.feature), '[]') from feature_grant g
  where g.company_id = $1 and g.id = any(t.given_grants))`;

/** Invitations of a company's people; those of the staff are the operator's. */
export const invitationList = listOf(Invitation, {
  sorts: ['-createdAt', 'expiresAt'],
  filters: ['status', 'profileId', 'email'],
  coarse: { departmentId: 'a company has few thousands of invitations, and its departments few of them each' },
  only: 't.profile_id is not null',
  join: `join profile p on p.company_id = $1 and p.id = t.profile_id
    left join department d on d.company_id = $1 and d.id = t.department_id`,
  extra: {
    firstName: { sql: 'p.first_name', as: 'text' },
    lastName: { sql: 'p.last_name', as: 'text' },
    departmentName: { sql: 'd.name', as: 'text' },
    roles: ROLES,
    features: FEATURES,
  },
});

/** Id of the invitation that is pending for a profile, or for a person of the staff. */
export const pendingOf = async (
  tx: Tx,
  { profileId, personId }: { profileId: string | null; personId: string | null },
): Promise<string | undefined> =>
  (
    await tx.prepared<{ id: string }>(
      `select id from invitation where company_id = $1 and status = 'pending'
         and (($2::uuid is not null and profile_id = $2) or ($2::uuid is null and profile_id is null and person_id = $3))
       for no key update`,
      [tx.companyId, profileId, personId],
    )
  )[0]?.id;

/** How many will be residents once they accept: each holds a place since the sending. */
export const countAskedResidents = async (reader: Reader): Promise<number> => {
  const [row] = await reader.prepared<{ residents: number }>(
    `select count(*)::int as residents from invitation i
     where i.company_id = $1 and i.status = 'pending' and i.attributes -> 'pgyLevel' is not null and i.deleted_at is null and not exists (
       select 1 from resident_profile r where r.company_id = $1 and r.profile_id = i.profile_id and r.deleted_at is null)`,
    [reader.companyId],
  );
  return row!.residents;
};

/** Notes where a profile that is invited stands now; of the invitation itself, its link and its mails nothing changes. */
export const noteDepartment = async (tx: Tx, id: string, departmentId: string | null): Promise<void> => {
  await tx.prepared('update invitation set department_id = $3 where company_id = $1 and id = $2', [
    tx.companyId,
    id,
    departmentId,
  ]);
};

/** Whether an invitation of this address is pending in a department; null: in none. */
export const isPendingTo = async (reader: Reader, address: string, departmentId: string | null): Promise<boolean> => {
  const rows = await reader.prepared(
    `select 1 from invitation where company_id = $1 and email = $2 and department_id is not distinct from $3
       and status = 'pending' and profile_id is not null`,
    [reader.companyId, address, departmentId],
  );
  return rows.length > 0;
};

/** The profile that an invitation is about: null for the staff's, undefined where there is no such invitation. */
export const profileOf = async (reader: Reader, id: string): Promise<string | null | undefined> =>
  (
    await reader.prepared<{ profileId: string | null }>(
      'select profile_id as "profileId" from invitation where company_id = $1 and id = $2',
      [reader.companyId, id],
    )
  )[0]?.profileId;

/** Puts the hash of the token in its place, unless the invitation was sent again or ended meanwhile. */
export const armInvitation = async (tx: Tx, id: string, version: number, tokenHash: string): Promise<boolean> =>
  (
    await tx.prepared(
      `update invitation set token_hash = $4
       where company_id = $1 and id = $2 and version = $3 and status = 'pending' returning id`,
      [tx.companyId, id, version, tokenHash],
    )
  ).length === 1;

export interface InvitedProfile {
  readonly firstName: string;
  readonly lastName: string;
  readonly status: string;
  /** When the profile ends; null: never by itself. */
  readonly expiresAt: string | null;
}

/** Read model: what is needed of a profile that was invited. */
export const invitedProfile = async (reader: Reader, id: string): Promise<InvitedProfile | undefined> =>
  (
    await reader.prepared<InvitedProfile>(
      `select first_name as "firstName", last_name as "lastName", status, expires_at as "expiresAt"
       from profile where company_id = $1 and id = $2 and deleted_at is null`,
      [reader.companyId, id],
    )
  )[0];

export interface InvitingCompany {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly customDomain: string | null;
  /** False while it is suspended: its invitations wait. */
  readonly takesIn: boolean;
}

export const invitingCompany = async (reader: Reader): Promise<InvitingCompany | undefined> =>
  (
    await reader.prepared<InvitingCompany>(
      `select id, slug, name, custom_domain as "customDomain", status <> 'suspended' as "takesIn" from company
       where id = $1 and status in ('pending', 'active', 'suspended')`,
      [reader.companyId],
    )
  )[0];

export const invitationErasure: Erasure = {
  ...clears('invitation', 'delete from invitation where company_id = $1 and profile_id = $2 returning id'),
  ...shows(Invitation),
};

/** Forgets the invitations that were mailed to somebody of the staff. In the operator's transaction. */
export const forgetInvitations = async (tx: Tx, personId: string): Promise<void> => {
  await tx.prepared('delete from invitation where company_id = $1 and person_id = $2', [tx.companyId, personId]);
};

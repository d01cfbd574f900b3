import { clears, email, entity, instant, integer, nullable, oneOf, text, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';

/** A mailed link by which a profile's person, or a member of the staff, accepts. */
export const AcceptLink = entity({
  table: 'accept_link',
  fields: {
    profileId: nullable(uuid()),
    personId: uuid(),
    email: email(),
    locale: oneOf(['es', 'en', 'fr']),
    sends: integer(1, 6),
    expiresAt: instant(),
    usedAt: nullable(instant()),
    revokedAt: nullable(instant()),
  },
  hidden: { tokenHash: nullable(text(100)) },
  create: [],
  edit: [],
  personal: ['email'],
  subject: ({ profileId, personId }) => profileId ?? personId,
});
export type AcceptLinkRow = RowOf<typeof AcceptLink>;

/** Id of the link that is open for a profile, or for a person of the staff. */
export const openLinkOf = async (
  tx: Tx,
  { profileId, personId }: { profileId: string | null; personId: string | null },
): Promise<string | undefined> =>
  (
    await tx.prepared<{ id: string }>(
      `select id from accept_link where company_id = $1 and used_at is null and revoked_at is null
         and (($2::uuid is not null and profile_id = $2) or ($2::uuid is null and profile_id is null and person_id = $3))
       for no key update`,
      [tx.companyId, profileId, personId],
    )
  )[0]?.id;

/** Puts the hash of the token in its place, unless the link was sent again, used or revoked meanwhile. */
export const armLink = async (tx: Tx, id: string, sends: number, tokenHash: string): Promise<boolean> =>
  (
    await tx.prepared(
      `update accept_link set token_hash = $4 where company_id = $1 and id = $2 and sends = $3
         and used_at is null and revoked_at is null returning id`,
      [tx.companyId, id, sends, tokenHash],
    )
  ).length === 1;

export interface InvitedProfile {
  readonly firstName: string;
  readonly lastName: string;
  readonly status: string;
  readonly nationalIdKind: string;
  readonly nationalIdSealed: string | null;
}

/** Read model: what is needed of a profile that was invited. */
export const invitedProfile = async (reader: Reader, id: string): Promise<InvitedProfile | undefined> =>
  (
    await reader.prepared<InvitedProfile>(
      `select first_name as "firstName", last_name as "lastName", status, national_id_kind as "nationalIdKind",
         national_id_sealed as "nationalIdSealed"
       from profile where company_id = $1 and id = $2 and deleted_at is null`,
      [reader.companyId, id],
    )
  )[0];

export interface InvitingCompany {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
}

export const invitingCompany = async (reader: Reader): Promise<InvitingCompany | undefined> =>
  (
    await reader.prepared<InvitingCompany>(
      `select id, slug, name from company where id = $1 and status in ('pending', 'active', 'suspended')`,
      [reader.companyId],
    )
  )[0];

export const linkErasure = clears(
  'accept_link',
  'delete from accept_link where company_id = $1 and profile_id = $2 returning id',
);

/** Forgets the links that were mailed to somebody of the staff. In the operator's transaction. */
export const forgetLinks = async (tx: Tx, personId: string): Promise<void> => {
  await tx.prepared('delete from accept_link where company_id = $1 and person_id = $2', [tx.companyId, personId]);
};

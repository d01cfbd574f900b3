import { entity, line, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';

export const LINKED_SYSTEMS = ['ANGELIS', 'SAFER', 'FIT2000', 'CHECKINGMATE'] as const;

/** Under which id another system knows a person of the company. */
export const SystemLink = entity({
  table: 'system_link',
  fields: { system: oneOf(LINKED_SYSTEMS), externalId: line(100), profileId: uuid() },
  create: ['system', 'externalId'],
  edit: [],
  personal: ['externalId'],
  subject: ({ profileId }) => profileId,
});
export type SystemLinkRow = RowOf<typeof SystemLink>;

/** Live links of a profile as rows of the API. */
export const linksOf = async (reader: Reader, profileId: string): Promise<SystemLinkRow[]> => {
  const rows = await reader.prepared<{ link: SystemLinkRow }>(
    `select ${SystemLink.json('l')} as link from system_link l
     where l.company_id = $1 and l.profile_id = $2 and l.deleted_at is null order by l.id limit 200`,
    [reader.companyId, profileId],
  );
  return rows.map(({ link }) => link);
};

interface LinkBasis {
  readonly employeeNumber: string | null;
  /** Whether the profile has a link to the system already. */
  readonly linked: boolean;
  /** The profile that has the id given, if any. */
  readonly holder: string | null;
}

/** What a new link of a profile goes by. */
export const linkBasis = async (
  reader: Reader,
  profileId: string,
  system: string,
  externalId: string | undefined,
): Promise<LinkBasis | undefined> => {
  const [row] = await reader.prepared<LinkBasis>(
    `select p.employee_number as "employeeNumber", exists (
       select 1 from system_link l where l.company_id = $1 and l.profile_id = $2 and l.system = $3 and l.deleted_at is null
     ) as linked, (
       select h.profile_id from system_link h
       where h.company_id = $1 and h.system = $3 and h.external_id = $4 and h.deleted_at is null
     ) as holder
     from profile p where p.company_id = $1 and p.id = $2 and p.deleted_at is null`,
    [reader.companyId, profileId, system, externalId],
  );
  return row;
};

/** Inserts many links in one statement. */
export const insertLinks = async (
  tx: Tx,
  rows: readonly { id: string; profileId: string; system: string; externalId: string }[],
): Promise<void> => {
  await tx.prepared(
    `insert into system_link (company_id, id, profile_id, system, external_id, created_at, created_by, updated_at, updated_by)
     select $1, n.id, n."profileId", n.system, n."externalId", $3, $4, $3, $4
     from jsonb_to_recordset($2) as n(id uuid, "profileId" uuid, system text, "externalId" text)`,
    [tx.companyId, JSON.stringify(rows), tx.now, tx.scope.actor.id],
  );
};

import type { Reader } from '../../platform/db/database.ts';
import type { EscalationStep } from './ports.ts';

/** Everyone above each of these people, themselves first: whose live streams are told of what happens to them. */
export const audiencesOf = async (
  reader: Reader,
  profileIds: readonly string[],
): Promise<ReadonlyMap<string, string[]>> => {
  const rows = await reader.prepared<{ of: string; id: string }>(
    `select c.subordinate_id as of, c.superior_id as id from reporting_closure c
     where c.company_id = $1 and c.subordinate_id = any($2) order by c.depth, c.superior_id`,
    [reader.companyId, profileIds],
  );
  const audiences = new Map(profileIds.map((id) => [id, [id]]));
  for (const { of, id } of rows) audiences.get(of)?.push(id);
  return audiences;
};

export const audienceOf = async (reader: Reader, profileId: string): Promise<string[]> =>
  (await audiencesOf(reader, [profileId])).get(profileId) ?? [];

const HOLDS_ROLE = `exists (select 1 from role_assignment a
    left join role r on r.company_id = $1 and r.id = a.role_id and r.deleted_at is null
    where a.company_id = $1 and a.profile_id = p.id and a.deleted_at is null
      and (a.expires_at is null or a.expires_at > $3) and (a.system_role = $2 or r.system_parent = $2))`;

const SUPERIORS = `select p.id from profile p
  join reporting_closure c on c.company_id = $1 and c.superior_id = p.id and c.subordinate_id = $2
  where p.company_id = $1 and p.status = 'active' and p.deleted_at is null`;

const superiorsAt = async (reader: Reader, profileId: string, condition: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(`${SUPERIORS} and ${condition} order by c.depth, p.id`, [
    reader.companyId,
    profileId,
  ]);
  return rows.map(({ id }) => id);
};

/** Active holders of a system role, or of an own role made from it; of `among` only, where it is given. */
const holdersOf = async (reader: Reader, role: string, at: Date, among?: readonly string[]): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select p.id from profile p where p.company_id = $1 and p.status = 'active' and p.deleted_at is null
       and ($4::uuid[] is null or p.id = any($4)) and ${HOLDS_ROLE} order by p.id`,
    [reader.companyId, role, at, among ?? null],
  );
  return rows.map(({ id }) => id);
};

/** The safety admins of the company. */
export const safetyAdminsOf = (reader: Reader, at: Date): Promise<string[]> => holdersOf(reader, 'safety_admin', at);

/**
 * Who has to act at a step of the escalation: the direct superior; the managers above (whoever stands there when none has
 * the role); the safety admins of the company. Never the person themselves.
 */
export const recipientsOf = async (
  reader: Reader,
  step: EscalationStep,
  profileId: string,
  at: Date,
): Promise<string[]> => {
  if (step === 'supervisor') return superiorsAt(reader, profileId, 'c.depth = 1');
  if (step === 'safety_admin') return (await safetyAdminsOf(reader, at)).filter((id) => id !== profileId);
  const above = await superiorsAt(reader, profileId, 'true');
  const managers = await holdersOf(reader, 'manager', at, above);
  return managers.length > 0 ? managers : superiorsAt(reader, profileId, 'c.depth > 1');
};

import type { Reader } from '../../../platform/db/database.ts';

interface Surroundings {
  readonly company: { id: string; slug: string; name: string; timezone: string; status: string };
  readonly session: { id: string; kind: string; client: string; createdAt: string; expiresAt: string };
  /** Of their profile in the company. */
  readonly nationalIdMask: string | null;
}

/** The company, the session and the profile in which somebody asks about themselves. */
export const readSurroundings = async (reader: Reader, sessionId: string): Promise<Surroundings> => {
  const [row] = await reader.prepared<Surroundings>(
    `select json_build_object('id', c.id, 'slug', c.slug, 'name', c.name, 'timezone', c.timezone, 'status', c.status)
        as company,
      json_build_object('id', s.id, 'kind', s.kind, 'client', s.client,
        'createdAt', to_char(s.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'expiresAt', to_char(s.expires_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as session,
      f.national_id_mask as "nationalIdMask"
     from session s join company c on c.id = $1
     left join profile f on f.company_id = $1 and f.id = s.profile_id
     where s.company_id = $1 and s.id = $2`,
    [reader.companyId, sessionId],
  );
  return row!;
};

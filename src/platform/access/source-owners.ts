import type pg from 'pg';
import { createSystemQuery } from '../db/system-query.ts';

/** The codes by which a row of an outside source names its company and its person. */
export interface SourceCodes {
  readonly companyCode: string;
  readonly personCode: string;
}

/** Whose a row is; null where nobody knows the code. */
export interface SourceOwner {
  readonly companyId: string | null;
  readonly companyStatus: string | null;
  readonly profileId: string | null;
}

/** Looks across companies, as user `system`, for whose rows of outside sources are. What is then written is written as `app`. */
export interface SourceOwners {
  /** One owner for each pair of codes, in their order. A company is known by its code in `source_company`, else by its slug. */
  find(source: string, codes: readonly SourceCodes[]): Promise<SourceOwner[]>;
  /** Ids of rows that wait in quarantine for an owner that is there now, the oldest first. */
  claimable(source: string, reasons: readonly string[], limit: number): Promise<string[]>;
}

const OWNER = `
  left join source_company m on m.source = $1 and m.code = p.company and m.deleted_at is null
  left join company c on c.kind <> 'operator' and c.deleted_at is null
    and (c.id = m.company_id or (m.company_id is null and c.slug = lower(p.company)))
  left join system_link l on l.company_id = c.id and l.system = $1 and l.external_id = p.person and l.deleted_at is null`;

const FIND = `
  select c.id as "companyId", c.status as "companyStatus", l.profile_id as "profileId"
  from jsonb_to_recordset($2) as p(n integer, company text, person text) ${OWNER} order by p.n`;

const CLAIMABLE = `
  select p.id from (select id, created_at, company_code as company, person_code as person from ingest_quarantine
    where source = $1 and status = 'waiting' and reason = any($2)) p ${OWNER}
  where l.profile_id is not null and c.status not in ('archived', 'purged') order by p.created_at, p.id limit $3`;

/** The look-up over `pool`, of user `system`. */
export const createSourceOwners = (pool: pg.Pool): SourceOwners => {
  const query = createSystemQuery(pool, 'source_owners');
  return {
    find: (source, codes) => {
      const pairs = codes.map(({ companyCode, personCode }, n) => ({ n, company: companyCode, person: personCode }));
      return query<SourceOwner>('find', FIND, [source, JSON.stringify(pairs)]);
    },
    claimable: async (source, reasons, limit) =>
      (await query<{ id: string }>('claimable', CLAIMABLE, [source, reasons, limit])).map(({ id }) => id),
  };
};

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

/**
 * `rows`, with the codes `company` and `person`, as `owned`: beside the company and the profile that these name. Each company is
 * looked up once; links by their index, one at a time: a join is planned as if few people were linked, until statistics know better.
 */
const owned = (rows: string): string => `with p as (${rows}),
  c as (select n.code, x.id, x.status from (select distinct p.company as code from p) n
    left join source_company m on m.source = $1 and m.code = n.code and m.deleted_at is null
    join company x on x.kind <> 'operator' and x.deleted_at is null
      and x.id = coalesce(m.company_id, (select s.id from company s where s.slug = lower(n.code)))),
  owned as (select p.*, c.id as company_id, c.status as company_status, l.profile_id from p
    left join c on c.code = p.company
    left join lateral (select x.profile_id from system_link x where x.company_id = c.id and x.system = $1
      and x.external_id = p.person and x.deleted_at is null limit 1) l on true)`;

const FIND = `${owned('select * from jsonb_to_recordset($2) as r(n integer, company text, person text)')}
  select o.company_id as "companyId", o.company_status as "companyStatus", o.profile_id as "profileId"
  from owned o order by o.n`;

const CLAIMABLE = `${owned(`select id, created_at, company_code as company, person_code as person from ingest_quarantine
    where source = $1 and status = 'waiting' and reason = any($2)`)}
  select o.id from owned o where o.profile_id is not null and o.company_status not in ('archived', 'purged')
  order by o.created_at, o.id limit $3`;

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

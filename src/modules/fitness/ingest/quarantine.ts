import { v7 as uuidv7 } from 'uuid';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { rekeying } from '../../../platform/crypto/rekey.ts';
import type { Rekeying } from '../../../platform/crypto/rekey.ts';
import { open, seal } from '../../../platform/crypto/sealed.ts';
import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { Erasure } from '../../../platform/privacy/erasure.ts';
import type { TestSource } from '../definitions/definitions.ts';
import type { RowIdentity } from '../sources/rows.ts';
import type { RawRow } from '../sources/raw-row.ts';

/** Reasons that end when somebody enters the link or the company's code. */
export const OWNER_REASONS = ['UNKNOWN_COMPANY', 'UNKNOWN_PERSON', 'COMPANY_CLOSED'] as const;

export interface QuarantinedRow {
  readonly id: string;
  readonly source: TestSource;
  readonly raw: RawRow;
}

/** A row that is no result (yet), and why. */
export interface RefusedRow {
  readonly identity: RowIdentity;
  readonly raw: RawRow;
  readonly companyId: string | null;
  readonly reason: string;
  readonly pointer: string | null;
}

/** Rows that could not be taken, kept sealed under DATA_KEY: whose they are may be unknown. */
export interface Quarantine {
  /** Keeps rows; one that waits already is touched only when its content or reason is another. Answers how many were new or other. */
  keep(tx: Tx, source: TestSource, rows: readonly RefusedRow[]): Promise<number>;
  /** Marks what waits under these ids as released: the rows were taken. */
  release(tx: Tx, source: TestSource, externalIds: readonly string[]): Promise<number>;
  /** Gives a row up: the same content is never taken again. False where it waits no more. */
  discard(tx: Tx, id: string): Promise<boolean>;
  /** Those of these rows that somebody gave up. */
  discarded(reader: Reader, source: TestSource, rows: readonly RowIdentity[]): Promise<ReadonlySet<RowIdentity>>;
  /** Rows that wait, opened. */
  read(reader: Reader, ids: readonly string[]): Promise<QuarantinedRow[]>;
}

const place = (source: string, externalId: string): string => `ingest_quarantine.raw:${source}:${externalId}`;

const KEEP = `insert into ingest_quarantine (id, source, external_id, content_hash, company_code, person_code, company_id,
    reason, pointer, raw_sealed, status, tries, tried_at, version, created_at, updated_at)
  select n.id, $1, n."externalId", decode(n."contentHash", 'hex'), n."companyCode", n."personCode", n."companyId", n.reason,
    n.pointer, n.sealed, 'waiting', 1, $3, 1, $3, $3
  from jsonb_to_recordset($2) as n(id uuid, "externalId" text, "contentHash" text, "companyCode" text, "personCode" text,
    "companyId" uuid, reason text, pointer text, sealed text)
  where not exists (select 1 from ingest_quarantine q where q.source = $1 and q.external_id = n."externalId"
    and q.status = 'waiting' and q.content_hash = decode(n."contentHash", 'hex') and q.reason = n.reason
    and q.company_id is not distinct from n."companyId")
  on conflict (source, external_id) where status = 'waiting' do update set
    content_hash = excluded.content_hash, company_code = excluded.company_code, person_code = excluded.person_code,
    company_id = excluded.company_id, reason = excluded.reason, pointer = excluded.pointer,
    raw_sealed = excluded.raw_sealed, tries = ingest_quarantine.tries + 1, tried_at = excluded.tried_at,
    version = ingest_quarantine.version + 1, updated_at = excluded.updated_at`;

const RELEASE = `update ingest_quarantine set status = 'released', resolved_at = $3, updated_at = $3, version = version + 1
  where source = $1 and external_id = any($2) and status = 'waiting'`;

const DISCARD = `update ingest_quarantine set status = 'discarded', resolved_at = $2, updated_at = $2, version = version + 1
  where id = $1 and status = 'waiting'`;

/** The quarantine, read and written in the operator's scope or in that of the company a row belongs to. */
export const createQuarantine = (keys: KeyRing): Quarantine => ({
  keep: async (tx, source, rows) => {
    if (rows.length === 0) return 0;
    const unique = new Map(rows.map((row) => [row.identity.externalId, row]));
    const made = [...unique.values()].map(({ identity, raw, companyId, reason, pointer }) => {
      const id = uuidv7();
      const { externalId, companyCode, personCode } = identity;
      const contentHash = identity.contentHash.toString('hex');
      const sealed = seal(JSON.stringify(raw), keys, place(source, externalId));
      return { id, externalId, companyCode, personCode, contentHash, companyId, reason, pointer, sealed };
    });
    const { rowCount } = await tx.client.query(KEEP, [source, JSON.stringify(made), tx.now]);
    return rowCount ?? 0;
  },
  release: async (tx, source, externalIds) => {
    if (externalIds.length === 0) return 0;
    const { rowCount } = await tx.client.query(RELEASE, [source, externalIds, tx.now]);
    return rowCount ?? 0;
  },
  discard: async (tx, id) => (await tx.client.query(DISCARD, [id, tx.now])).rowCount === 1,
  discarded: async (reader, source, rows) => {
    const known = await reader.prepared<{ externalId: string; hash: string }>(
      `select external_id as "externalId", encode(content_hash, 'hex') as hash from ingest_quarantine
       where source = $1 and external_id = any($2) and status = 'discarded'`,
      [source, rows.map(({ externalId }) => externalId)],
    );
    if (known.length === 0) return new Set();
    const contents = new Set(known.map(({ externalId, hash }) => `${externalId} ${hash}`));
    return new Set(
      rows.filter(({ externalId, contentHash }) => contents.has(`${externalId} ${contentHash.toString('hex')}`)),
    );
  },
  read: async (reader, ids) => {
    const rows = await reader.prepared<{ id: string; source: TestSource; externalId: string; sealed: string }>(
      `select id, source, external_id as "externalId", raw_sealed as sealed from ingest_quarantine where id = any($1) and status = 'waiting' order by id`,
      [ids],
    );
    return rows.map(({ id, source, externalId, sealed }) => ({
      id,
      source,
      raw: JSON.parse(open(sealed, keys, place(source, externalId))) as RawRow,
    }));
  },
});

/** The rows as their source had them. */
export const quarantineRekeying = (keys: KeyRing): Rekeying =>
  rekeying<{ id: string; source: string; externalId: string; sealed: string }>({
    name: 'ingest_quarantine.raw_sealed',
    ring: 'DATA_KEY',
    of: 'operator',
    current: keys.current.id,
    columns: 'q.id, q.source, q.external_id as "externalId", q.raw_sealed as sealed',
    rows: `from ingest_quarantine q where split_part(q.raw_sealed, '.', 1) <> $1`,
    order: 'q.id',
    renew: async (tx, { id, source, externalId, sealed }) => {
      const at = place(source, externalId);
      const values = [id, seal(open(sealed, keys, at), keys, at)];
      await tx.prepared('update ingest_quarantine set raw_sealed = $2 where id = $1', values);
    },
  });

/** Rows that waited for somebody who is erased: neither who they are of nor what they say is known any more. */
export const quarantineErasure = (keys: KeyRing): Erasure => ({
  of: 'ingest_quarantine',
  fate: 'cleared',
  apply: async (tx, { links }) => {
    const rows = await tx.prepared<{ id: string; source: string; externalId: string }>(
      `select id, source, external_id as "externalId" from ingest_quarantine
       where company_id = $1 and (source, person_code) in (select * from unnest($2::text[], $3::text[]))
       order by id for no key update`,
      [tx.companyId, links.map(({ system }) => system), links.map(({ externalId }) => externalId)],
    );
    for (const { id, source, externalId } of rows)
      await tx.prepared(
        `update ingest_quarantine set person_code = '–', raw_sealed = $2, updated_at = $3, version = version + 1,
           resolved_at = coalesce(resolved_at, $3), status = case status when 'waiting' then 'discarded' else status end
         where id = $1`,
        [id, seal('{}', keys, place(source, externalId)), tx.now],
      );
    return rows.length;
  },
});

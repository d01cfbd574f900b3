import Type from 'typebox';
import type { Reader } from '../../../platform/db/database.ts';
import { coarse, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { shown } from '../../../platform/schema/entity.ts';
import { exact, instant, integer, line, nullable, oneOf, text, uuid } from '../../../platform/schema/types.ts';
import { INGESTED, SOURCE_STATES } from './cursor.ts';

const QUARANTINE_STATES = ['waiting', 'released', 'discarded'] as const;

/** How a source does, as a company may know it. */
export const SourceHealth = exact(
  {
    source: oneOf(INGESTED),
    status: oneOf(SOURCE_STATES),
    readAt: nullable(instant({ description: 'Last try' })),
    succeededAt: nullable(instant({ description: 'Last time it was read to its end' })),
    lagSeconds: nullable(integer(0, Number.MAX_SAFE_INTEGER)),
    rowsLate: integer(0, Number.MAX_SAFE_INTEGER, {
      description: 'Rows that the nightly search found, of all companies',
    }),
    reconciledAt: nullable(instant({ description: 'Last nightly search for rows that came late' })),
    waiting: integer(0, Number.MAX_SAFE_INTEGER, { description: 'Rows of this company that wait in quarantine' }),
  },
  { 'x-component': 'source' },
);

/** All sources that were ever read, as JSON text. */
export const sourceHealth = async (reader: Reader, now: Date): Promise<string> => {
  const [row] = await reader.prepared<{ text: string }>(
    `select coalesce(json_agg(json_build_object('source', s.source, 'status', s.status, 'readAt', ${shown('s.read_at', instant())},
       'succeededAt', ${shown('s.succeeded_at', instant())},
       'lagSeconds', greatest(0, floor(extract(epoch from $2::timestamptz - s.succeeded_at)))::bigint,
       'rowsLate', s.rows_late, 'reconciledAt', ${shown('s.reconciled_at', instant())},
       'waiting', (select count(*) from ingest_quarantine q
         where q.company_id = $1 and q.source = s.source and q.status = 'waiting')) order by s.source), '[]')::text as text
     from ingest_cursor s`,
    [reader.companyId, now],
  );
  return `{"items":${row?.text ?? '[]'}}`;
};

/** Seconds since each source was last read to its end. */
export const sourceLags = (reader: Reader, now: Date): Promise<{ source: string; seconds: number }[]> =>
  reader.prepared(
    `select source, greatest(0, extract(epoch from $1::timestamptz - succeeded_at))::float8 as seconds
     from ingest_cursor where succeeded_at is not null order by source`,
    [now],
  );

/** What a source wrote, whatever that is. */
const written = (options: object = {}) =>
  Type.String({ description: 'As the row has it; empty where it has none', ...options });

const FIELDS = {
  id: uuid(),
  source: oneOf(INGESTED),
  externalId: written({ examples: ['48151'] }),
  companyCode: written({ examples: ['ANDES'] }),
  personCode: written({ examples: ['P-1'] }),
  companyId: nullable(uuid({ description: 'Absent: nobody knows whose it is' })),
  reason: text(60),
  pointer: nullable(line(60, { description: 'Column at fault, by its canonical name' })),
  status: oneOf(QUARANTINE_STATES),
  tries: integer(1, 1_000_000),
  triedAt: instant(),
  resolvedAt: nullable(instant()),
  version: integer(1, 2_147_483_647),
  createdAt: instant(),
};

export const DISCARD = exact({ reason: text(500) });

/** A row that is no result, without its values. */
export const QuarantineView = exact(FIELDS, { 'x-component': 'quarantined_row' });

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const quarantineList: ListDefinition = {
  name: 'quarantine',
  from: 'from ingest_quarantine q',
  alias: 'q',
  where: 'q.company_id = $1',
  item: `json_build_object(${Object.entries(FIELDS)
    .map(([name, schema]) => `'${name}', ${shown(`q.${snake(name)}`, schema)}`)
    .join(', ')})`,
  sorts: { createdAt: 'q.created_at' },
  defaultSort: '-createdAt',
  filters: {
    source: coarse(equalTo('q.source', oneOf(INGESTED)), 'some sources, all of them common'),
    status: coarse(equalTo('q.status', oneOf(QUARANTINE_STATES)), 'some states, all of them common'),
    reason: coarse(equalTo('q.reason', text(60)), 'some reasons, all of them common'),
    personCode: equalTo('q.person_code', line(200)),
  },
};

/** Rows whose company nobody knows: for operator staff. */
export const unownedList: ListDefinition = {
  ...quarantineList,
  name: 'unowned-rows',
  where: 'q.company_id is null and q.company_id is distinct from $1',
  filters: {
    ...quarantineList.filters,
    companyCode: equalTo('q.company_code', line(200)),
  },
};

/** Any row, for operator staff. */
export const anyRowList: ListDefinition = {
  ...quarantineList,
  name: 'quarantined-rows',
  where: 'q.company_id is distinct from $1',
};

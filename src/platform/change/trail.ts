import Type from 'typebox';
import type { Static } from 'typebox';
import { createList } from '../db/list.ts';
import type { Filter, List, ListQuery } from '../db/list.ts';
import type { Cursors } from '../db/cursor.ts';
import type { Reader } from '../db/database.ts';
import { idFloor } from '../db/ids.ts';
import { shown } from '../schema/entity.ts';
import { exact, instant, integer, nullable, oneOf, uuid } from '../schema/types.ts';
import type { PersonalVault } from './vault.ts';

const name = (options: object = {}) => Type.String({ pattern: '^[a-z][A-Za-z0-9_.-]{0,80}$', ...options });
const values = nullable(Type.Record(Type.String(), Type.Unknown()));

const ITEM = {
  id: uuid(),
  seq: nullable(
    integer(1, Number.MAX_SAFE_INTEGER, { description: 'Its number in the chain; null until it is sealed.' }),
  ),
  hash: nullable(Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Its link in the chain, in hexadecimal.' })),
  at: instant(),
  action: name({ examples: ['project.activate'] }),
  entity: name({ examples: ['project'] }),
  entityId: uuid(),
  actor: exact({
    kind: oneOf(['profile', 'operator', 'machine', 'system']),
    id: nullable(uuid()),
    via: nullable(
      Type.String({
        description:
          'The job or timer that acted as the system; `support:<id>`, the support session in which staff acted.',
      }),
    ),
    onBehalfOf: nullable(uuid()),
  }),
  reason: nullable(Type.String()),
  traceId: Type.String(),
  address: nullable(Type.String()),
  agent: nullable(Type.String()),
  hasPersonal: Type.Boolean({ description: 'Whether it carries personal values, sealed under the key of a profile.' }),
};

/** One row of the audit trail. */
export const TRAIL_ITEM = exact(ITEM, { 'x-component': 'TrailItem' });
/** One row of an entity's history: with the values before and after, personal ones aside. */
export const HISTORY_ITEM = exact({ ...ITEM, before: values, after: values }, { 'x-component': 'HistoryItem' });

const difference = Type.Array(exact({ field: Type.String(), before: Type.Unknown(), after: Type.Unknown() }));

/** One entry with its differences; `null` stands for a side that does not exist. */
export const TRAIL_ENTRY = exact(
  {
    ...ITEM,
    changes: difference,
    personal: exact({
      state: oneOf(['none', 'sealed', 'open', 'erased'], {
        description: 'sealed: the caller may not open them; erased: their key was destroyed.',
      }),
      subjectId: nullable(uuid()),
      changes: difference,
    }),
  },
  { 'x-component': 'TrailEntry' },
);
export type TrailEntry = Static<typeof TRAIL_ENTRY>;
type Item = Static<typeof TRAIL_ITEM>;
type Differences = TrailEntry['changes'];
type Values = Readonly<Record<string, unknown>>;

const FROM = 'from change c left join change_seal s on s.company_id = $1 and s.change_id = c.id';
/** What happens to one row is written under its lock, so that this is the chain's order too, before it is sealed and after. */
const WRITTEN_ORDER = 'c.written';
/** Of what is no change of anybody's data, such as a session, it is not told from where it came. */
const unlessOf = (placeless: readonly string[], column: string): string =>
  placeless.length === 0
    ? column
    : `case when c.entity not in (${placeless.map((entity) => `'${entity}'`).join(', ')}) then ${column} end`;
const membersOf = (
  placeless: readonly string[],
): string => `'id', c.id, 'seq', s.seq, 'hash', encode(s.hash, 'hex'), 'at', ${shown('c.at', ITEM.at)},
  'action', c.action, 'entity', c.entity, 'entityId', c.entity_id,
  'actor', json_build_object('kind', c.actor_kind, 'id', c.actor_id, 'via', c.actor_via, 'onBehalfOf', c.on_behalf_of),
  'reason', c.reason, 'traceId', c.trace_id, 'address', ${unlessOf(placeless, 'c.address')}, 'agent', ${unlessOf(placeless, 'c.agent')},
  'hasPersonal', c.personal is not null`;
const entryOf = (
  members: string,
): string => `select json_build_object(${members}) as item, c.before, c.after, c.personal, c.subject_id
  ${FROM} where c.company_id = $1 and c.id = $2`;

interface EntryRow {
  readonly item: Item;
  readonly before: Values | null;
  readonly after: Values | null;
  readonly personal: string | null;
  readonly subject_id: string | null;
}

/** One value: the index on the column then gives the rows in the order of their ids. */
const is = (column: string, schema: Filter['schema']): Filter => ({
  schema,
  sql: (bind, value) => `${column} = ${bind(value)}`,
});
/** Times filter through the time inside the ids, which the indexes and the partitions follow. */
const since: Filter = {
  schema: instant({ description: 'Not before this instant.' }),
  sql: (bind, value: string) => `c.id >= ${bind(idFloor(new Date(value)))}`,
};
const before: Filter = {
  schema: instant({ description: 'Before this instant.' }),
  sql: (bind, value: string) => `c.id < ${bind(idFloor(new Date(value)))}`,
};

const differences = (old: Values | null, fresh: Values | null): Differences =>
  [...new Set([...Object.keys(old ?? {}), ...Object.keys(fresh ?? {})])]
    .toSorted()
    .map((field) => ({ field, before: old?.[field] ?? null, after: fresh?.[field] ?? null }));

export interface Trail {
  /**
   * The company's audit trail, the newest first; filters entity, entityId, action, actorId, from, to. What happened to one
   * row (`entityId`) is few: it comes in the order of the chain. Everything else by the time at which its transactions began.
   */
  readonly search: Pick<List, 'query' | 'page'>;
  /** Query of `history`. */
  readonly historyQuery: List['query'];
  /** What happened to one row, as JSON text: in the order of the chain, the newest first. */
  history(reader: Reader, entity: string, entityId: string, query: ListQuery): Promise<string>;
  /**
   * One entry with its differences, or undefined. With `openPersonal` personal values are opened: the caller has checked
   * that this is allowed and logged the read.
   */
  entry(reader: Reader, id: string, options: { openPersonal: boolean }): Promise<TrailEntry | undefined>;
}

/** The read models of the audit trail; entries of entities in `placeless` tell neither address nor agent. */
export const createTrail = (
  cursors: Cursors,
  vault: Pick<PersonalVault, 'open'>,
  placeless: readonly string[] = [],
): Trail => {
  const members = membersOf(placeless);
  const entryStatement = entryOf(members);
  const base = {
    from: FROM,
    where: 'c.company_id = $1',
    alias: 'c',
    sorts: { at: 'c.id' },
    defaultSort: '-at',
  };
  const found = {
    ...base,
    name: 'audit-trail',
    item: `json_build_object(${members})`,
    filters: {
      entity: is('c.entity', name()),
      entityId: is('c.entity_id', uuid()),
      action: is('c.action', name()),
      actorId: is('c.actor_id', uuid()),
      from: since,
      to: before,
    },
  };
  const search = createList(found, cursors);
  const ofRow = createList({ ...found, name: 'audit-trail-row', sorts: { at: WRITTEN_ORDER } }, cursors);
  const history = createList(
    {
      ...base,
      name: 'history',
      item: `json_build_object(${members}, 'before', c.before, 'after', c.after)`,
      sorts: { at: WRITTEN_ORDER },
    },
    cursors,
  );

  const personalOf = async (reader: Reader, row: EntryRow, mayOpen: boolean): Promise<TrailEntry['personal']> => {
    const { personal, subject_id: subjectId } = row;
    if (personal === null || subjectId === null) return { state: 'none', subjectId: null, changes: [] };
    if (!mayOpen) return { state: 'sealed', subjectId, changes: [] };
    const text = await vault.open(reader, subjectId, personal);
    if (text === undefined) return { state: 'erased', subjectId, changes: [] };
    const opened = JSON.parse(text) as { before?: Values; after?: Values };
    return { state: 'open', subjectId, changes: differences(opened.before ?? null, opened.after ?? null) };
  };

  return {
    search: {
      query: search.query,
      page: (reader, query: ListQuery & { entityId?: string }, restrict) =>
        (query.entityId === undefined ? search : ofRow).page(reader, query, restrict),
    },
    historyQuery: history.query,
    history: (reader, entity, entityId, query) =>
      history.page(reader, query, (bind) => `c.entity = ${bind(entity)} and c.entity_id = ${bind(entityId)}`),
    entry: async (reader, id, { openPersonal }) => {
      const [row] = await reader.prepared<EntryRow>(entryStatement, [reader.companyId, id]);
      if (row === undefined) return undefined;
      const personal = await personalOf(reader, row, openPersonal);
      return { ...row.item, changes: differences(row.before, row.after), personal };
    },
  };
};

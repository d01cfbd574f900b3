import type { AnyEntity } from '../schema/entity.ts';
import type { Tx } from './database.ts';

interface Row {
  readonly id: string;
  readonly [key: string]: unknown;
}

const MARKS = /\p{M}/gu;
const MAX_TOKENS = 40;

/** Words as they are searched: lower case, without accents, split at everything that is neither letter nor digit. */
export const tokensOf = (text: string): string[] =>
  [
    ...new Set(
      text
        .normalize('NFKD')
        .replaceAll(MARKS, '')
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? [],
    ),
  ].slice(0, MAX_TOKENS);

/** The half-open range `[from, to)` of tokens that start with `prefix`, in the order of COLLATE "C". */
const prefixRange = (prefix: string): [from: string, to: string] => [prefix, `${prefix}\u{10FFFF}`];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

type Searched = Pick<AnyEntity, 'search' | 'searchOrder' | 'table'>;

const tokensFor = (entity: Searched, row: Row | undefined): string[] =>
  row === undefined ? [] : tokensOf((entity.search ?? []).map((field) => textOf(row[field as string])).join(' '));

/** Where those found stand among each other. */
const placeOf = ({ searchOrder }: Searched, row: Row | undefined): string =>
  searchOrder === undefined ? '' : textOf(row?.[searchOrder as string]);

/** Keeps the search tokens of a row equal to its words. `row` undefined: it was deleted. */
export const writeSearchTokens = async (
  tx: Tx,
  entity: Searched,
  row: Row | undefined,
  before?: Row,
): Promise<void> => {
  if (entity.search === undefined) return;
  const wanted = tokensFor(entity, row);
  const had = tokensFor(entity, before);
  const id = row?.id ?? before?.id;
  const gone = had.filter((token) => !wanted.includes(token));
  const added = wanted.filter((token) => !had.includes(token));
  if (gone.length > 0)
    await tx.prepared(
      'delete from search_token where company_id = $1 and kind = $2 and entity_id = $3 and token = any($4)',
      [tx.companyId, entity.table, id, gone],
    );
  const place = placeOf(entity, row);
  if (had.length > gone.length && place !== placeOf(entity, before))
    await tx.prepared('update search_token set place = $4 where company_id = $1 and kind = $2 and entity_id = $3', [
      tx.companyId,
      entity.table,
      id,
      place,
    ]);
  if (added.length > 0)
    await tx.prepared(
      `insert into search_token (company_id, kind, token, entity_id, place)
       select $1, $2, token, $3, $5 from unnest($4::text[]) token on conflict do nothing`,
      [tx.companyId, entity.table, id, added, place],
    );
};

/** The search tokens of many new rows, in one statement: without a look for those that are there, a third of its time. */
export const writeNewSearchTokens = async (tx: Tx, entity: Searched, rows: readonly Row[]): Promise<void> => {
  const pairs = rows.flatMap((row) => {
    const place = placeOf(entity, row);
    return tokensFor(entity, row).map((token) => [token, row.id, place] as const);
  });
  if (pairs.length === 0) return;
  await tx.prepared(
    `insert into search_token (company_id, kind, token, entity_id, place)
     select $1, $2, w.token, w.id, w.place from unnest($3::text[], $4::uuid[], $5::text[]) as w(token, id, place)`,
    [
      tx.companyId,
      entity.table,
      pairs.map(([token]) => token),
      pairs.map(([, id]) => id),
      pairs.map(([, , place]) => place),
    ],
  );
};

/** The tokens of one word of a query, as SQL. */
interface WordTokens {
  /** `from … where …`, without what bounds the token. */
  readonly rows: string;
  readonly from: string;
  readonly to: string;
}

/** SQL that finds ids by the words of a query, and the tokens of its word where it has one only. */
export interface FoundTokens {
  readonly ids: string;
  readonly only: WordTokens | undefined;
}

/**
 * SQL of the ids of rows whose words start with every word of `query`; undefined where it has none. Tokens are read by range,
 * since row level security keeps ILIKE and `@@` from using an index, and before the rows: walking a list in its order until a
 * page is full takes as long as the list is when its matches stand at the end.
 */
export const tokensIn = (kind: string, query: string, bind: (value: unknown) => string): FoundTokens | undefined => {
  const words = tokensOf(query);
  if (words.length === 0) return undefined;
  const rows = `from search_token st where st.company_id = $1 and st.kind = ${bind(kind)} and st.token`;
  const found = words.map((word): WordTokens => {
    const [from, to] = prefixRange(word);
    return { rows, from: bind(from), to: bind(to) };
  });
  const ids = found.map((word) => `select st.entity_id ${rows} >= ${word.from} and st.token < ${word.to}`);
  // By two of its words a row is found twice.
  const [one] = ids;
  return ids.length === 1
    ? { ids: one!.replace('select ', 'select distinct '), only: found[0] }
    : { ids: ids.join(' intersect '), only: undefined };
};

/** How many words may begin with what was typed for the rows of each to be read in their order. */
const FEW_WORDS = 64;

/** A page of what is found. */
interface FoundPage {
  readonly direction: 'asc' | 'desc';
  /** SQL of the place and the id that it stands behind; none for the first. */
  readonly position: string | undefined;
  /** SQL of how many ids it has at the most. */
  readonly most: string;
  /** SQL that finds the same ids in another way, for when too many words begin so. */
  readonly otherwise: string;
}

/**
 * SQL of an array: the ids of a page of the rows that one word finds, in the order that tokens carry (`searchOrder`). The words
 * that begin so are few (whoever is called García has the same) and the rows of each stand in order: a page of each is read,
 * whatever their number.
 */
export const foundInOrder = (
  { rows, from, to }: WordTokens,
  { direction, position, most, otherwise }: FoundPage,
): string => {
  const next = (than: string) => `select st.token ${rows} ${than} and st.token < ${to} order by st.token limit 1`;
  const beyond =
    position === undefined ? '' : `and (st.place, st.entity_id) ${direction === 'desc' ? '<' : '>'} (${position})`;
  return `(with recursive word(token) as (
      (${next(`>= ${from}`)}) union all select (${next('> word.token')}) from word where word.token is not null),
    few as (select token from word where token is not null limit ${FEW_WORDS + 1}),
    page as (select distinct one.place, one.entity_id from few cross join lateral (
      select st.place, st.entity_id ${rows} = few.token ${beyond}
      order by st.place ${direction}, st.entity_id ${direction} limit ${most}) one)
    select case when (select count(*) from few) > ${FEW_WORDS} then array(${otherwise})
      else array(select page.entity_id from page order by page.place ${direction}, page.entity_id ${direction} limit ${most}) end)::uuid[]`;
};

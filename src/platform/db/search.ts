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
export const prefixRange = (prefix: string): [from: string, to: string] => [prefix, `${prefix}\u{10FFFF}`];

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

/** SQL that finds ids by the words of a query, and the tokens of each word. */
export interface FoundTokens {
  readonly ids: string;
  readonly words: readonly WordTokens[];
}

const rangeOf = ({ rows, from, to }: WordTokens): string => `${rows} >= ${from} and st.token < ${to}`;

/**
 * SQL of the ids of rows whose words start with every word of `query`; undefined where it has none. Tokens are read by range,
 * since row level security keeps ILIKE and `@@` from using an index, and before the rows: walking a list in its order until a
 * page is full takes as long as the list is when its matches stand at the end.
 */
export const tokensIn = (kind: string, query: string, bind: (value: unknown) => string): FoundTokens | undefined => {
  const tokens = tokensOf(query);
  if (tokens.length === 0) return undefined;
  const rows = `from search_token st where st.company_id = $1 and st.kind = ${bind(kind)} and st.token`;
  const words = tokens.map((word): WordTokens => {
    const [from, to] = prefixRange(word);
    return { rows, from: bind(from), to: bind(to) };
  });
  // By two of its words a row is found twice.
  const distinct = words.length === 1 ? 'distinct ' : '';
  return { ids: words.map((word) => `select ${distinct}st.entity_id ${rangeOf(word)}`).join(' intersect '), words };
};

/** How many words may begin with what was typed for the rows of each to be read in their order: alone, and beside others. */
const FEW_WORDS = 64;
const FEW_BESIDE = 8;
/** Steps that are tried for a page that needs several words at once: together they take some milliseconds. */
const MOST_STEPS = 100;

/** A page of what is found. */
interface FoundPage {
  readonly direction: 'asc' | 'desc';
  /** SQL of the place and the id that it stands behind; none for the first. */
  readonly position: string | undefined;
  /** SQL of how many ids it has at the most. */
  readonly most: string;
  /** SQL that finds the same ids in another way, for when several words take too many steps. */
  readonly otherwise: string;
}

/** SQL of two recursive parts of a WITH: the distinct words that begin so, one step of the index each, and at the most `count` of them. */
const wordsCalled = (name: string, { rows, from, to }: WordTokens, count: number): string => {
  const next = (than: string) => `select st.token ${rows} ${than} and st.token < ${to} order by st.token limit 1`;
  return `every_${name}(token) as ((${next(`>= ${from}`)})
      union all select (${next(`> every_${name}.token`)}) from every_${name} where every_${name}.token is not null),
    ${name} as materialized (select token from every_${name} where token is not null limit ${count})`;
};

const orderOf = (alias: string, direction: string): string =>
  `order by ${alias}.place ${direction}, ${alias}.entity_id ${direction}`;

/** SQL that holds for tokens behind a position. */
const behind = (position: string | undefined, direction: string, orAt = ''): string =>
  position === undefined ? '' : `and (st.place, st.entity_id) ${direction === 'desc' ? '<' : '>'}${orAt} (${position})`;

/** SQL of the ids of a page from all tokens that begin so, which carry the order themselves. A row has so many at the most. */
const gathered = (word: WordTokens, { direction, position, most }: FoundPage): string => `
  select g.entity_id from (select distinct st.place, st.entity_id from (
      select st.place, st.entity_id ${rangeOf(word)} ${behind(position, direction)}
      ${orderOf('st', direction)} limit ${most} * ${MAX_TOKENS}) st) g
  ${orderOf('g', direction)} limit ${most}`;

/** The rows of each word that begins so stand in order: a page of each is read, whatever their number. */
const inOrderOfOne = (word: WordTokens, page: FoundPage): string => {
  const { direction, position, most } = page;
  return `(with recursive ${wordsCalled('few', word, FEW_WORDS + 1)},
    page as (select distinct one.place, one.entity_id from few cross join lateral (
      select st.place, st.entity_id ${word.rows} = few.token ${behind(position, direction)}
      ${orderOf('st', direction)} limit ${most}) one)
    select case when (select count(*) from few) > ${FEW_WORDS} then array(${gathered(word, page)})
      else array(select page.entity_id from page ${orderOf('page', direction)} limit ${most}) end)::uuid[]`;
};

/**
 * The rows of words stand in one order. From the next row of one word it goes on to the next row of another, at that place or
 * behind it, and asks whether that has every word: names that nobody has together cost some steps, names that many have a page
 * of them. A word with many beginnings is only asked for. A page that takes too many steps is found otherwise.
 */
const inOrderOfMany = (words: readonly WordTokens[], { direction, position, most, otherwise }: FoundPage): string => {
  const names = words.map((_, index) => `few_${index}`);
  const counted = (name: string) => `(select count(*) from ${name})`;
  const next = (name: string, beyond: string): string =>
    `(select st.place, st.entity_id from ${name} cross join lateral (select st.place, st.entity_id ${words[0]!.rows} = ${name}.token ${beyond}
      ${orderOf('st', direction)} limit 1) st ${orderOf('st', direction)} limit 1)`;
  const every = words.map((word) => `exists (select ${rangeOf(word)} and st.entity_id = to_row.entity_id offset 0)`);
  const step = (from: string, found: string, count: string, beyond: string): string =>
    `select to_row.place, to_row.entity_id, asked.yes, ${found} + asked.yes::int, ${count} + 1
      from ${from} cross join lateral ${next('lead', beyond)} from_row
      cross join lateral ${next('other', behind('from_row.place, from_row.entity_id', direction, '='))} to_row
      cross join lateral (select ${every.join(' and ')} as yes offset 0) asked`;
  return `(with recursive ${words.map((word, index) => wordsCalled(names[index]!, word, FEW_BESIDE + 1)).join(', ')},
    few(word, token) as materialized (${names
      .map((name, index) => `select ${index}, token from ${name} where ${counted(name)} <= ${FEW_BESIDE}`)
      .join(' union all ')}),
    lead as materialized (select token from few where word = (select min(word) from few)),
    other as materialized (select token from few where word = (select max(word) from few)),
    walk(place, entity_id, yes, found, steps) as (
      (${step('(select) start', '0', '0', behind(position, direction))}) union all
      (${step('walk', 'walk.found', 'walk.steps', behind('walk.place, walk.entity_id', direction))}
        where walk.found < ${most} and walk.steps < ${MOST_STEPS})),
    done as materialized (select * from walk)
    select case when ${names.map((name) => `${counted(name)} = 0`).join(' or ')} then '{}'
      when exists (select from lead) and (select coalesce(max(steps), 0) < ${MOST_STEPS} or max(found) >= ${most} from done)
        then array(select done.entity_id from done where done.yes ${orderOf('done', direction)})
      else array(${otherwise}) end)::uuid[]`;
};

/** SQL of an array: the ids of a page of the rows that words find, in the order that tokens carry (`searchOrder`). */
export const foundInOrder = ({ words }: FoundTokens, page: FoundPage): string =>
  words.length === 1 ? inOrderOfOne(words[0]!, page) : inOrderOfMany(words, page);

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
/** Rows of one word that are asked one by one for the others, before all rows of all words are gathered. */
const NEAR = 300;

/** A page of what is found. */
interface FoundPage {
  readonly direction: 'asc' | 'desc';
  /** SQL of the place and the id that it stands behind; none for the first. */
  readonly position: string | undefined;
  /** SQL of how many ids it has at the most. */
  readonly most: string;
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
 * Words with few beginnings bound where rows that have all words can stand: nobody called García stands outside of the
 * places that García has, so that of everybody called María only those among them are read. The first such word leads: its
 * next rows are asked one by one whether they have the others, and where that does not make a page, the rows of the others
 * are gathered, and it is followed until a page of them is found.
 */
const inOrderOfMany = (words: readonly WordTokens[], { direction, position, most }: FoundPage): string => {
  const names = words.map((_, index) => `few_${index}`);
  const counted = (name: string) => `(select count(*) from ${name})`;
  const { rows } = words[0]!;
  const end = (called: string, way: string): string =>
    `cross join lateral (select st.place ${rows} = few.token ${orderOf('st', way)} limit 1) ${called}`;
  const within = `and st.place >= bounds.lowest and st.place <= bounds.highest ${behind(position, direction)}`;
  /** SQL that holds for a row of word `first` which every other word finds too, by `has`. */
  const beside = (first: string, has: (word: WordTokens, index: number) => string): string =>
    words.map((word, index) => `(${first} = ${index} or ${has(word, index)})`).join(' and ');
  const gatheredBy =
    (id: string) =>
    (word: WordTokens, index: number): string =>
      `${id} in (
      select st.entity_id from few cross join bounds cross join lateral (
          select st.entity_id ${rows} = few.token ${within} offset 0) st where few.word = ${index}
      union all select st.entity_id from bounds cross join lateral (
          select st.entity_id ${rangeOf(word)} ${within} offset 0) st where ${counted(names[index]!)} > ${FEW_BESIDE})`;
  return `(with recursive ${words.map((word, index) => wordsCalled(names[index]!, word, FEW_BESIDE + 1)).join(', ')},
    few(word, token) as materialized (${names
      .map((name, index) => `select ${index}, token from ${name} where ${counted(name)} <= ${FEW_BESIDE}`)
      .join(' union all ')}),
    ends as materialized (select few.word, min(first.place) as lowest, max(last.place) as highest
      from few ${end('first', 'asc')} ${end('last', 'desc')} group by few.word),
    bounds as materialized (select coalesce(max(lowest), '') as lowest, coalesce(min(highest), '\u{10FFFF}') as highest from ends),
    lead as materialized (select few.word, few.token from few where few.word = (select min(word) from few)),
    near as materialized (select st.word, st.place, st.entity_id from bounds cross join lateral (
        select lead.word, st.place, st.entity_id from lead cross join lateral (
          select st.place, st.entity_id ${rows} = lead.token ${within} ${orderOf('st', direction)} limit ${NEAR}) st) st
      ${orderOf('st', direction)} limit ${NEAR}),
    page as materialized (select distinct near.place, near.entity_id from near
      where ${beside('near.word', (word) => `exists (select ${rangeOf(word)} and st.entity_id = near.entity_id offset 0)`)}),
    far as (select distinct st.place, st.entity_id from bounds cross join lateral (
        select st.place, st.entity_id from lead cross join lateral (
          select st.place, st.entity_id ${rows} = lead.token ${within} and ${beside('lead.word', gatheredBy('st.entity_id'))}
          ${orderOf('st', direction)} limit ${most}) st
        union all select st.place, st.entity_id ${rangeOf(words[0]!)} ${within} and not exists (select from lead)
          and ${beside('0', gatheredBy('st.entity_id'))}) st)
    select case when ${names.map((name) => `${counted(name)} = 0`).join(' or ')} then '{}'
      when exists (select from lead) and (${counted('near')} < ${NEAR} or ${counted('page')} >= ${most})
        then array(select page.entity_id from page ${orderOf('page', direction)} limit ${most})
      else array(select far.entity_id from far ${orderOf('far', direction)} limit ${most}) end)::uuid[]`;
};

/** SQL of an array: the ids of a page of the rows that words find, in the order that tokens carry (`searchOrder`). */
export const foundInOrder = ({ words }: FoundTokens, page: FoundPage): string =>
  words.length === 1 ? inOrderOfOne(words[0]!, page) : inOrderOfMany(words, page);

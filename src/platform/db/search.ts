import type { AnyEntity } from '../schema/entity.ts';
import type { Tx } from './database.ts';

interface Row {
  readonly id: string;
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

const textOf = (row: object, field: PropertyKey): string => {
  const value: unknown = (row as Readonly<Record<PropertyKey, unknown>>)[field];
  return typeof value === 'string' ? value : '';
};

type Searched = Pick<AnyEntity, 'search' | 'searchOrder' | 'table'>;

const tokensFor = (entity: Searched, row: Row | undefined): string[] =>
  row === undefined ? [] : tokensOf((entity.search ?? []).map((field) => textOf(row, field)).join(' '));

/** Where those found stand among each other. */
const placeOf = ({ searchOrder }: Searched, row: Row | undefined): string =>
  searchOrder === undefined || row === undefined ? '' : textOf(row, searchOrder);

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
  const isOther = gone.length > 0 || added.length > 0 || place !== placeOf(entity, before);
  if (had.length > gone.length && isOther)
    await tx.prepared(
      `update search_token set place = $4, letters = app.letters($5::text[])
       where company_id = $1 and kind = $2 and entity_id = $3`,
      [tx.companyId, entity.table, id, place, wanted],
    );
  if (added.length > 0)
    await tx.prepared(
      `insert into search_token (company_id, kind, token, entity_id, place, letters)
       select $1, $2, token, $3, $5, app.letters($6::text[]) from unnest($4::text[]) token on conflict do nothing`,
      [tx.companyId, entity.table, id, added, place, wanted],
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
    `insert into search_token (company_id, kind, token, entity_id, place, letters)
     select $1, $2, w.token, w.id, w.place, bit_or(app.letters(w.token)) over (partition by w.id)
     from unnest($3::text[], $4::uuid[], $5::text[]) as w(token, id, place)`,
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

/** SQL that finds ids by the words of a query, and the tokens of its longest words. */
export interface FoundTokens {
  readonly ids: string;
  /** The longest first: the fewest begin so. Bound when asked for. */
  readonly words: () => readonly WordTokens[];
  /** SQL that holds for tokens whose row may have all the words, by its letters. */
  readonly mayHave: string;
  /** SQL that holds for the row with an id that has a word which begins with each of the query. */
  readonly has: (id: string) => string;
}

/** How many of a query's words rows are read by; for the others they are only asked. */
const MOST_READ = 4;

const rangeOf = ({ rows, from, to }: WordTokens): string => `${rows} >= ${from} and st.token < ${to}`;

/**
 * SQL of the ids of rows whose words start with every word of `query`; undefined where it has none. Tokens are read by range,
 * since row level security keeps ILIKE and `@@` from using an index, and before the rows: walking a list in its order until a
 * page is full takes as long as the list is when its matches stand at the end.
 */
export const tokensIn = (kind: string, query: string, bind: (value: unknown) => string): FoundTokens | undefined => {
  const tokens = tokensOf(query).toSorted((a, b) => b.length - a.length);
  if (tokens.length === 0) return undefined;
  const rows = `from search_token st where st.company_id = $1 and st.kind = ${bind(kind)} and st.token`;
  const read = (word: string): WordTokens => {
    const [from, to] = prefixRange(word);
    return { rows, from: bind(from), to: bind(to) };
  };
  const longest = read(tokens[0]!);
  const words = (): WordTokens[] => [longest, ...tokens.slice(1, MOST_READ).map(read)];
  // By two of its words a row is found twice.
  const found = `select distinct st.entity_id ${rangeOf(longest)}`;
  const one = { ids: found, words, mayHave: '' };
  if (tokens.length === 1)
    return { ...one, has: (id) => `exists (select ${rangeOf(longest)} and st.entity_id = ${id} offset 0)` };
  const mayHave = `and (select app.letters(${bind(tokens)}::text[])) & ~st.letters = 0`;
  const ranges = tokens.map(prefixRange);
  const every = `unnest(${bind(ranges.map(([from]) => from))}::text[], ${bind(ranges.map(([, to]) => to))}::text[])`;
  const has = (id: string): string => `not exists (select from ${every} word(low, high) where not exists (
    select ${rows} >= word.low and st.token < word.high and st.entity_id = ${id} offset 0) offset 0)`;
  const ids = `select found.entity_id from (${found} ${mayHave} offset 0) found where ${has('found.entity_id')}`;
  return { ids, words, mayHave, has };
};

/** How many words may begin with what was typed for the rows of each to be read in their order: alone, and beside others. */
const FEW_WORDS = 64;
const FEW_BESIDE = 16;
/** How many rows of each word are counted, to read along the one that has the fewest: some tenths of a millisecond. */
const MOST_COUNTED = 2_000;
/** How many rows of the list are asked for words that more rows have, before all those are sorted. */
const MOST_ASKED = 1_000;

/** A page of what is found. */
interface FoundPage {
  readonly direction: 'asc' | 'desc';
  /** SQL of the place and the id that it stands behind; none for the first. */
  readonly position: string | undefined;
  /** SQL of how many ids it has at the most. */
  readonly most: string;
  /** SQL of the place and the id (`entity_id`) of all rows of the list behind the position, in its order. */
  readonly listed: string;
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

/**
 * SQL of an array: the ids of a page of the rows that words find, in the order that tokens carry (`searchOrder`). The rows of
 * each word stand in it. A page is read along what was typed that has the fewest rows, where those of every word can stand, and
 * of a row that may have the others by its letters it is asked whether it has: word by word where few begin so. Else the list's
 * rows are asked for what many have, and where that does not make a page all its tokens are sorted.
 */
export const foundInOrder = (
  { words: bound, mayHave, has }: FoundTokens,
  { direction, position, most, listed }: FoundPage,
): string => {
  const words = bound();
  const isOne = words.length === 1;
  const few = isOne ? FEW_WORDS : FEW_BESIDE;
  const behind =
    position === undefined ? '' : `and (st.place, st.entity_id) ${direction === 'desc' ? '<' : '>'} (${position})`;
  const within = isOne
    ? ''
    : 'and st.place >= (select lowest from bounds) and st.place <= (select highest from bounds)';
  const inOrder = `${behind} ${orderOf('st', direction)}`;
  const isFew = (index: number): string => `(select count(*) from few_${index}) <= ${few}`;
  const parts = words.map((word, index) => {
    const name = `few_${index}`;
    // A row has so many tokens at the most, of which some may begin alike.
    const sorted = isOne
      ? `select st.place, st.entity_id ${rangeOf(word)} ${inOrder} limit ${most} * ${MAX_TOKENS}`
      : `select distinct st.place, st.entity_id ${rangeOf(word)} ${mayHave} ${inOrder} offset 0`;
    const stood = `select st.place, st.entity_id ${word.rows} = ${name}.token ${mayHave} ${within} ${inOrder} offset 0`;
    const page = (from: string): string => `select one.place, one.entity_id from (${from}) one
      where ${isOne ? 'true' : has('one.entity_id')} ${orderOf('one', direction)}`;
    return `select one.place, one.entity_id from ${name} cross join lateral (${page(stood)} limit ${most}) one
        where (select word from lead) = ${index} and (select is_few from lead)
      union all select one.place, one.entity_id from (${page(sorted)} ${isOne ? '' : `limit ${most}`}) one
        where (select word from lead) = ${index} and not (select is_few from lead) and (select count(*) from often) < ${most}`;
  });
  const leads = words.map((word, index) => {
    const held = `(select count(*) from (select ${rangeOf(word)} limit ${MOST_COUNTED}) st)`;
    return `select ${index} as word, ${isFew(index)} as is_few, ${isOne ? `case when ${isFew(index)} then 0 else ${held} end` : held} as held`;
  });
  const ends = words.map(({ rows }, index) => {
    const end = (called: string, way: string): string =>
      `cross join lateral (select st.place ${rows} = few_${index}.token ${orderOf('st', way)} limit 1) ${called}`;
    return `select min(first.place) as lowest, max(last.place) as highest
      from few_${index} ${end('first', 'asc')} ${end('last', 'desc')} where ${isFew(index)}`;
  });
  return `array(with recursive ${words.map((word, index) => wordsCalled(`few_${index}`, word, few + 1)).join(', ')},
    lead as materialized (select word, is_few, held from (${leads.join(' union all ')}) word order by held, is_few desc, word limit 1),
    bounds as materialized (select max(lowest) as lowest, min(highest) as highest from (${ends.join(' union all ')}) word),
    often as materialized (select one.place, one.entity_id from (${listed} limit ${MOST_ASKED}) one
      where (select not is_few and held = ${MOST_COUNTED} from lead) and ${has('one.entity_id')} limit ${most}),
    page as (select distinct place, entity_id from (select place, entity_id from often union all ${parts.join(' union all ')}) one)
    select page.entity_id from page ${orderOf('page', direction)} limit ${most})`;
};

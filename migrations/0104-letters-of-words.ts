import { seeAll } from '../src/platform/db/blocked.ts';
import { companyIndex } from '../src/platform/db/ddl.ts';

const NAMED = 'search_token_kind_token_place_entity_id_idx';

/**
 * What the words of a row begin with, as bits: one for the first letter of a word, one for its first two. A search for several
 * words reads them along one of these and need not look for the others where a bit of theirs is missing.
 */
export const up = [
  `create function app.letters(word text) returns bigint language sql immutable parallel safe as $$
     select 1::bigint << (ascii(word) % 37) |
       case when length(word) = 1 then 0 else 1::bigint << (37 + (ascii(word) * 7 + ascii(substr(word, 2, 1))) % 26) end $$`,
  `create function app.letters(words text[]) returns bigint language sql immutable parallel safe as $$
     select bit_or(app.letters(word)) from unnest(words) word $$`,
  'alter table search_token add column letters bigint not null default 0',
  ...seeAll('no force', ['search_token']),
  `update search_token st set letters = every.letters
   from (select company_id, kind, entity_id, bit_or(app.letters(token)) as letters from search_token group by 1, 2, 3) every
   where (st.company_id, st.kind, st.entity_id) = (every.company_id, every.kind, every.entity_id)`,
  ...seeAll('force', ['search_token']),
  'alter table search_token alter column letters drop default',
  `drop index ${NAMED}`,
  `${companyIndex('search_token', 'kind, token, place, entity_id')} include (letters)`,
  'grant update (letters) on search_token to app',
];

export const down = [
  `drop index ${NAMED}`,
  companyIndex('search_token', 'kind, token, place, entity_id'),
  'alter table search_token drop column letters',
  'drop function app.letters(text[])',
  'drop function app.letters(text)',
];

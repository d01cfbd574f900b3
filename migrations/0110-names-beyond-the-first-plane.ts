import { namesakes } from '../src/platform/db/blocked.ts';

/** Of company names nothing counts but what is seen of them, small or capital, with or without accents. */
const keyOf = (unseen: string): string =>
  `lower(regexp_replace(normalize(name, nfkd), '[\\s\\u0300-\\u036f${unseen}]+', '', 'g'))`;
const LIVE = `deleted_at is null and status not in ('archived', 'purged')`;
const nameKey = (unseen: string): string =>
  `create unique index company_name_key on company (${keyOf(unseen)})
     where ${LIVE}`;

const FIRST_PLANE =
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0';

/** What is drawn as nothing in the other planes, and the marks of interlinear notes: tags, musical and shorthand controls. */
const BEYOND = '\\ufff0-\\ufffb\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff';

export const up = ['drop index company_name_key', nameKey(FIRST_PLANE + BEYOND)];

export const blockedBy = [namesakes(keyOf(FIRST_PLANE + BEYOND), LIVE)];

export const down = ['drop index company_name_key', nameKey(FIRST_PLANE)];

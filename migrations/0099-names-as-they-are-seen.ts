import { namesakes } from '../src/platform/db/blocked.ts';

/** Of company names nothing counts but what is seen of them, small or capital, with or without accents. */
const keyOf = (unseen: string): string =>
  `lower(regexp_replace(normalize(name, nfkd), '[\\s\\u0300-\\u036f${unseen}]+', '', 'g'))`;
const LIVE = `deleted_at is null and status not in ('archived', 'purged')`;
const nameKey = (unseen: string): string =>
  `create unique index company_name_key on company (${keyOf(unseen)})
     where ${LIVE}`;

/** Soft hyphens, joiners, marks of direction, fillers and empty Braille: Unicode's default ignorables of its first plane. */
const UNSEEN =
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0';

export const up = ['drop index company_name_key', nameKey(UNSEEN)];

export const blockedBy = [namesakes(keyOf(UNSEEN), LIVE)];

export const down = ['drop index company_name_key', nameKey('')];

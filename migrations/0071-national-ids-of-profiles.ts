/** A national id names a profile of a company; no person has one of their own. */
export const up = [
  'alter table person drop column national_id_sealed, drop column national_id_hash, drop column national_id_mask',
];

export const down = [
  `alter table person add column national_id_sealed text, add column national_id_hash text collate "C",
     add column national_id_mask text, add constraint person_national_id_hash_key unique (national_id_hash)`,
];

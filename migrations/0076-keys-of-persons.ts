/**
 * What a person signs in with may change, and a whole unique index makes it a part of the row's key: writing it waits for
 * everybody who refers to the row, with the row locked, and one of them may wait for that. An index of those that have one is no key.
 */
const COLUMNS = ['keycloak_id', 'email_hash', 'phone_hash'];

export const up = COLUMNS.flatMap((column) => [
  `alter table person drop constraint person_${column}_key`,
  `create unique index person_${column}_key on person (${column}) where ${column} is not null`,
]);

export const down = COLUMNS.flatMap((column) => [
  `drop index person_${column}_key`,
  `alter table person add constraint person_${column}_key unique (${column})`,
]);

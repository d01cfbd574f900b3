/**
 * Since when no session of a person is opened for a token that was made before, but for the one that was kept; and by when those
 * began that the provider is yet to end.
 */
export const up = [
  `alter table person add column sessions_ended_at timestamptz(3), add column sessions_ending_at timestamptz(3),
     add column sessions_kept_sid text collate "C"`,
];

export const down = [
  'alter table person drop column sessions_ended_at, drop column sessions_ending_at, drop column sessions_kept_sid',
];

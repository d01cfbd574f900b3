/** What comes with an invitation beside roles: features, and what somebody will be. */
export const up = [
  `alter table invitation add column given_grants uuid[] not null default '{}'`,
  `alter table invitation add column attributes jsonb not null default '{}'`,
  `alter table invitation add constraint invitation_pgy_level_check
     check (not attributes ? 'pgyLevel' or (attributes ->> 'pgyLevel')::integer between 1 and 10)`,
  `alter table batch_invitee add column features text[] not null default '{}'`,
  `alter table batch_invitee add column attributes jsonb not null default '{}'`,
];

export const down = [
  'alter table batch_invitee drop column attributes',
  'alter table batch_invitee drop column features',
  'alter table invitation drop constraint invitation_pgy_level_check',
  'alter table invitation drop column attributes',
  'alter table invitation drop column given_grants',
];

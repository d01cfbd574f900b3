/** Whose kind a file of invitations leaves out keeps that of the draft. */
export const up = ['alter table batch_invitee alter column kind drop not null'];

export const down = [
  `update batch_invitee set kind = 'employee' where kind is null`,
  'alter table batch_invitee alter column kind set not null',
];

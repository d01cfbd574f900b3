/** Since when a new password is required of a person of which the identity provider was not told yet. */
export const up = ['alter table person add column password_required_at timestamptz(3)'];

export const down = ['alter table person drop column password_required_at'];

/** The relay looks for rows never handed over (often) and for rows long silent (rarely); neither may read the other's. */
export const up = [
  `drop index outbox_due_idx`,
  `create index outbox_fresh_idx on outbox (run_at) where state = 'waiting' and dispatched_at is null`,
  `create index outbox_dispatched_at_idx on outbox (dispatched_at) where state = 'waiting'`,
  `create index outbox_failed_idx on outbox (finished_at) where state = 'failed'`,
];

export const down = [
  `drop index outbox_failed_idx`,
  `drop index outbox_dispatched_at_idx`,
  `drop index outbox_fresh_idx`,
  `create index outbox_due_idx on outbox (run_at) where state = 'waiting'`,
];

import { BY_OPERATOR, operatorTable, systemMay } from '../src/platform/db/ddl.ts';

/**
 * Sessions of the identity provider that ended before a row stood for them: none comes to be. Those of before that had one are
 * found by their sid as well, as each token does that opens a session.
 */
export const up = [
  ...operatorTable(
    'ended_sid',
    [
      'sid text collate "C" not null',
      'ended_at timestamptz(3) not null',
      'constraint ended_sid_pkey primary key (sid)',
    ],
    BY_OPERATOR,
    'select, insert, delete',
  ),
  'create index ended_sid_ended_at_idx on ended_sid (ended_at)',
  ...systemMay('ended_sid', 'select'),
  'create index session_ended_sid_idx on session (sid) where revoked_at is not null',
];

export const down = ['drop index session_ended_sid_idx', 'drop table ended_sid'];

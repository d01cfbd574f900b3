import { v7 as uuidv7 } from 'uuid';
import Type from 'typebox';
import { coarse, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { exact, instant, oneOf, uuid } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';

/** What may stand otherwise at the identity provider than here. */
export const DRIFT_KINDS = [
  'enabled_differs',
  'email_differs',
  'names_differ',
  'roles_differ',
  'user_replaced',
  'user_missing',
  'person_erased',
  'person_missing',
  'user_not_ours',
  'client_enabled_differs',
  'client_missing',
  'client_not_ours',
  'machine_role_held',
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

export interface Drift {
  readonly kind: DriftKind;
  /** A person's id; where none is known the provider's own id of a user, or a machine client's id. */
  readonly subject: string;
  /** Whether it is brought in line by itself. */
  readonly mended: boolean;
}

const kind = oneOf(DRIFT_KINDS);
const AT = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export const DriftView = exact(
  {
    id: uuid(),
    kind,
    subject: Type.String({
      description: 'The person; where none is known the id of the user, or of the machine client, at the provider.',
      examples: ['01a200cb-379a-72d7-8388-3a8cc0cf2469'],
    }),
    mended: Type.Boolean({ description: 'Whether it was brought in line by itself; the next night tells.' }),
    foundAt: instant({ description: 'The first night in which it was found.' }),
    seenAt: instant({ description: 'The last.' }),
  },
  { 'x-component': 'providerDrift' },
);

export const driftList: ListDefinition = {
  name: 'provider-drift',
  from: 'from provider_drift d',
  alias: 'd',
  where: '$1::uuid is not null',
  item: `json_build_object('id', d.id, 'kind', d.kind, 'subject', d.subject, 'mended', d.mended,
    'foundAt', ${AT('d.found_at')}, 'seenAt', ${AT('d.seen_at')})`,
  sorts: { found: 'd.found_at' },
  defaultSort: '-found',
  filters: { kind: coarse(equalTo('d.kind', kind), 'drift is little') },
};

/** Puts what was found now in the place of what was found before; what is found again keeps its first night. */
export const replaceDrift = async (tx: Tx, found: readonly Drift[]): Promise<void> => {
  await tx.prepared(
    `insert into provider_drift (id, kind, subject, mended, found_at, seen_at)
     select m.id, m.kind, m.subject, m.mended, $2, $2
     from jsonb_to_recordset($1) as m(id uuid, kind text, subject text, mended boolean)
     on conflict (kind, subject) do update set mended = excluded.mended, seen_at = excluded.seen_at`,
    [JSON.stringify(found.map((one) => ({ id: uuidv7(), ...one }))), tx.now],
  );
  await tx.prepared('delete from provider_drift where seen_at < $1', [tx.now]);
};

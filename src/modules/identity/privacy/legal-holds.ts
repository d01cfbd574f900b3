import {
  clears,
  createCrud,
  crudModule,
  entity,
  exact,
  instant,
  lifecycle,
  listOf,
  move,
  nullable,
  oneOf,
  text,
  uuid,
} from '../../../platform/module.ts';
import type { Context, Erasure, Module, MovingParts, Reader, RowOf, Tx } from '../../../platform/module.ts';
import type { Bind } from '../../../platform/db/list.ts';

/** A reason, of a court or a dispute, for which nobody may erase a person; see docs/glossary.md. */
export const LegalHold = entity({
  table: 'legal_hold',
  fields: {
    profileId: uuid(),
    reason: text(500),
    status: oneOf(['standing', 'lifted']),
    liftedAt: nullable(instant()),
  },
  create: ['profileId', 'reason'],
  edit: [],
  personal: ['reason'],
  subject: ({ profileId }) => profileId,
});
export type LegalHoldRow = RowOf<typeof LegalHold>;

export const legalHoldList = listOf(LegalHold, { sorts: ['-createdAt'], filters: ['profileId', 'status'] });

/** standing -> lifted. A hold that is needed again is another one. */
export const legalHoldLifecycle = lifecycle<LegalHoldRow>({
  entity: LegalHold,
  initial: 'standing',
  moves: {
    lift: move({
      from: ['standing'],
      to: 'lifted',
      permission: 'identity:legal-hold:lift',
      summary: 'Let the person be erased again',
      fields: exact({ reason: text(500) }),
      set: (_about, now): Partial<LegalHoldRow> => ({ liftedAt: now.toISOString() }),
    }),
  },
});

const holdOf = async (reader: Reader, profileId: string): Promise<string | undefined> => {
  const rows = await reader.prepared(
    `select 1 from legal_hold where company_id = $1 and profile_id = $2 and status = 'standing' and deleted_at is null limit 1`,
    [reader.companyId, profileId],
  );
  return rows.length > 0 ? 'LEGAL_HOLD' : undefined;
};

const holdErasure: Erasure = {
  ...clears(
    'legal_hold',
    `update legal_hold set reason = '–', version = version + 1 where company_id = $1 and profile_id = $2 returning id`,
  ),
  obstacle: holdOf,
};

interface LegalHoldsDependencies extends MovingParts<LegalHoldRow> {
  readonly visible: (context: Context, idExpression: string, bind: Bind) => string;
  /** Locks a profile that the caller may see, so that it is not erased meanwhile. Throws 404; 409 where it was. */
  readonly lockNamed: (tx: Tx, context: Context, profileId: string) => Promise<void>;
}

/** /privacy/legal-hold */
export const legalHoldsModule = ({ visible, lockNamed, ...parts }: LegalHoldsDependencies): Module =>
  crudModule({
    base: '/privacy/legal-hold',
    permission: 'identity:legal-hold',
    about: 'rows',
    clients: ['admin'],
    service: createCrud({
      ...parts,
      restrict: (context) => (bind) => visible(context, 't.profile_id', bind),
      onCreate: (tx, { profileId }, context) => lockNamed(tx, context, profileId),
    }),
    erasures: [holdErasure],
  });

import { createHash } from 'node:crypto';
import Type from 'typebox';
import type { Static } from 'typebox';
import { v7 as uuidv7 } from 'uuid';
import type { CompanyVault, Opener, Sealer } from '../../platform/change/company-vault.ts';
import type { ChangeRecorder } from '../../platform/change/recorder.ts';
import { SealError } from '../../platform/crypto/sealed.ts';
import type { Reader, Tx } from '../../platform/db/database.ts';
import { shown } from '../../platform/schema/entity.ts';
import { exact, instant, nullable, oneOf, text, uuid } from '../../platform/schema/types.ts';
import { ASSESSMENT } from './assessment.ts';
import { CASE_DECISIONS, Restrictions } from './cases/cases.repository.ts';

const DECIDED = {
  decision: oneOf([...CASE_DECISIONS, 'fit', 'unfit'], { description: 'fit, unfit: during an outage' }),
  restrictions: nullable(Restrictions),
  transportArranged: nullable(Type.Boolean()),
  decidedBy: nullable(uuid()),
  decidedAt: instant(),
};

/** What the trail says of a decision: of its texts, the hash of their ciphertext. */
export const FITNESS_DECISION = {
  table: 'fitness_decision',
  fields: {
    profileId: uuid(),
    caseId: nullable(uuid()),
    requirementId: nullable(uuid()),
    ...DECIDED,
    textsHash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the sealed texts, hexadecimal' }),
  },
};

/** One decision as those read it who may read notes. */
const Read = exact(
  {
    id: uuid(),
    ...DECIDED,
    text: oneOf(['open', 'changed', 'erased'], {
      description: 'changed: not the text that the trail has the hash of; erased: its key was destroyed',
    }),
    assessment: nullable(ASSESSMENT),
    note: nullable(text(2_000)),
  },
  { 'x-component': 'FitnessDecision' },
);
export const DecisionNotes = exact({
  decisions: Type.Array(Read, { description: 'Every decision that was made, the first one first' }),
});
type DecisionRead = Static<typeof Read>;

/** What is decided of somebody, face to face: in a case, or in place of a test that an outage made impossible. */
export interface Decided {
  readonly profileId: string;
  readonly about: { readonly caseId: string } | { readonly requirementId: string };
  readonly decision: DecisionRead['decision'];
  readonly restrictions: DecisionRead['restrictions'];
  readonly transportArranged: boolean | null;
  readonly decidedBy: string | null;
  /** ISO text. */
  readonly decidedAt: string;
  readonly texts: { readonly assessment: Static<typeof ASSESSMENT>; readonly note: string | null };
}

const placeOf = (id: string): string => `fitness_decision.texts:${id}`;
const hashOf = (sealed: string): string => createHash('sha256').update(sealed).digest('hex');

/** The row of a decision, its texts sealed, and what the trail says of it. */
export const decisionRow = (seal: Sealer, id: string, { about, texts, ...values }: Decided) => {
  const row = { id, caseId: null, requirementId: null, ...about, ...values };
  const textsSealed = seal(placeOf(id), JSON.stringify(texts));
  return { stored: { ...row, textsSealed }, logged: { ...row, textsHash: hashOf(textsSealed) } };
};

interface StoredDecision extends Omit<DecisionRead, 'text' | 'assessment' | 'note'> {
  readonly sealed: string;
  readonly hash: string | null;
}

const readDecision = (open: Opener, { sealed, hash, ...row }: StoredDecision): DecisionRead => {
  const none = { assessment: null, note: null };
  if (hashOf(sealed) !== hash) return { ...row, text: 'changed', ...none };
  try {
    return { ...row, text: 'open', ...(JSON.parse(open(placeOf(row.id), sealed)) as Decided['texts']) };
  } catch (error) {
    if (error instanceof SealError && error.reason === 'unknown_key') return { ...row, text: 'erased', ...none };
    throw error;
  }
};

interface DecisionsDependencies {
  readonly companyVault: CompanyVault;
  readonly changes: ChangeRecorder;
}

/** Decisions of humans, for ever: each is written once and never changed, whatever became of its case later. */
export const createDecisions = ({ companyVault, changes }: DecisionsDependencies) => ({
  write: async (tx: Tx, decided: Decided): Promise<void> => {
    const { stored, logged } = decisionRow(await companyVault.sealer(tx), uuidv7(), decided);
    await tx.prepared(
      `insert into fitness_decision (company_id, id, profile_id, case_id, requirement_id, decision, restrictions,
         transport_arranged, decided_by, decided_at, texts_sealed, created_at, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        tx.companyId,
        stored.id,
        stored.profileId,
        stored.caseId,
        stored.requirementId,
        stored.decision,
        stored.restrictions,
        stored.transportArranged,
        stored.decidedBy,
        stored.decidedAt,
        stored.textsSealed,
        tx.now,
        tx.scope.actor.id,
      ],
    );
    await changes.record(tx, FITNESS_DECISION, { action: 'create' }, undefined, logged);
  },

  /** What was decided of a case or a requirement, and why, in order. The read is in the log before the answer goes out. */
  read: async (tx: Tx, of: 'fitness_case' | 'requirement', id: string): Promise<Static<typeof DecisionNotes>> => {
    const rows = await decisionsOf(tx, of, id);
    const open = await companyVault.opener(tx);
    await changes.event(tx, { entity: of, entityId: id, action: 'read_notes' });
    return { decisions: rows.map((row) => readDecision(open, row)) };
  },
});

export type Decisions = ReturnType<typeof createDecisions>;

const COLUMN = { fitness_case: 'case_id', requirement: 'requirement_id' } as const;

const decisionsOf = (reader: Reader, of: keyof typeof COLUMN, id: string): Promise<StoredDecision[]> =>
  reader.prepared<StoredDecision>(
    `select d.id, d.decision, d.restrictions, d.transport_arranged as "transportArranged", d.decided_by as "decidedBy",
       ${shown('d.decided_at', DECIDED.decidedAt)} as "decidedAt", d.texts_sealed as sealed, c.after ->> 'textsHash' as hash
     from fitness_decision d
     left join change c on c.company_id = $1 and c.entity_id = d.id and c.action = 'fitness_decision.create'
     where d.company_id = $1 and d.${COLUMN[of]} = $2 order by d.decided_at, d.id`,
    [reader.companyId, id],
  );

import type { PersonalVault } from '../../../platform/change/vault.ts';
import type { ListQuery } from '../../../platform/db/list.ts';
import { conflict, createCrud, invalid, notFound } from '../../../platform/module.ts';
import type { ChangeRecorder, Context, List, MovingParts, Tx } from '../../../platform/module.ts';
import { dateAt } from '../../../platform/time/zone.ts';
import type { People, Zones } from '../ports.ts';
import { requiredCredentials } from './credentials.repository.ts';
import type { CredentialRow, RequiredCredential } from './credentials.repository.ts';

interface CredentialsDependencies extends MovingParts<CredentialRow> {
  readonly expiring: List;
  /** Assignments as the caller may see them. */
  readonly assignments: List;
  readonly changes: ChangeRecorder;
  readonly vault: Pick<PersonalVault, 'seal' | 'open'>;
  readonly people: People;
  readonly zones: Zones;
}

/** Credentials of the people whom the caller reaches; their evidence is sealed under the company's data key. */
export const createCredentialsService = (dependencies: CredentialsDependencies) => {
  const { repository, work, people, zones, vault, changes, list, expiring, assignments, now } = dependencies;
  const restrict = (context: Context) => people.restrict(context);
  const derive = async (tx: Tx, { validFrom, validTo }: Pick<CredentialRow, 'validFrom' | 'validTo'>) => {
    if (validTo !== null && validTo < validFrom) throw invalid('/validTo', 'BEFORE_START');
    return { endsAt: await zones.endOfDay(tx, validTo) };
  };
  const mustWait = (row: CredentialRow): void => {
    if (row.status !== 'submitted') throw conflict('CREDENTIAL_DECIDED');
  };
  const mustSee = async (tx: Tx, context: Context, id: string): Promise<void> => {
    if ((await list.one(tx, id, restrict(context))) === undefined) throw notFound();
  };
  return {
    ...createCrud({
      ...dependencies,
      restrict,
      audience: ({ profileId }) => [profileId],
      onCreate: async (tx, row, context) => {
        if ((row.kind === 'equipment_authorization') !== (row.equipmentKindId !== null))
          throw invalid('/equipmentKindId', 'EQUIPMENT_KIND');
        await people.mustReach(tx, context, row.profileId);
        return { hasEvidence: false, ...(await derive(tx, row)) };
      },
      onEdit: (tx, row, patch) => {
        mustWait(row);
        return derive(tx, { ...row, ...patch });
      },
      onRemove: (_tx, row) => {
        mustWait(row);
      },
      onRestore: derive,
    }),
    /** A page of the valid credentials that end soonest. */
    listExpiring: (context: Context, query: ListQuery & object): Promise<string> =>
      work.read(context, (reader) => expiring.page(reader, query, restrict(context))),
    /** What an assignment requires of its person today, and what the person holds. */
    required: (context: Context, assignmentId: string): Promise<RequiredCredential[]> =>
      work.read(context, async (reader) => {
        const seen = await assignments.one(reader, assignmentId, people.restrict(context));
        if (seen === undefined) throw notFound();
        return requiredCredentials(reader, assignmentId, dateAt(now(), await zones.of(reader)));
      }),
    /** Keeps the evidence of a credential that nobody has decided on yet. */
    setEvidence: (context: Context, id: string, evidence: string, version: number): Promise<CredentialRow> =>
      work.write(context, async (tx) => {
        await mustSee(tx, context, id);
        const row = await repository.lock(tx, id, version);
        mustWait(row);
        const evidenceSealed = await vault.seal(tx, tx.companyId, evidence);
        const patch = { hasEvidence: true, evidenceSealed };
        return repository.entity.show(
          await repository.update(tx, row, patch, { action: 'set_evidence' }),
        ) as CredentialRow;
      }),
    /** The evidence; that it was read is logged and committed before the answer goes out. */
    readEvidence: (context: Context, id: string): Promise<string> =>
      work.write(context, async (tx) => {
        await mustSee(tx, context, id);
        const row = await repository.get(tx, id);
        const evidence =
          row.evidenceSealed === null ? undefined : await vault.open(tx, tx.companyId, row.evidenceSealed);
        if (evidence === undefined) throw notFound();
        await changes.event(tx, { entity: 'credential', entityId: id, action: 'read_evidence' });
        return evidence;
      }),
  };
};

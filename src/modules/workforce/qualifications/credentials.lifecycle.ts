import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { Context } from '../../../platform/module.ts';
import { Credential } from './credentials.repository.ts';
import type { CredentialRow } from './credentials.repository.ts';

const permission = 'workforce:credential:decide';
const fields = exact({ reason: text(500) });
const audience = ({ profileId }: CredentialRow): readonly string[] => [profileId];

const notOwn = ({ profileId }: CredentialRow, _now: Date, caller?: Context): string | undefined =>
  caller !== undefined && caller.principal.profileId === profileId ? 'OWN_REQUEST' : undefined;

/** submitted → valid (with evidence) or rejected; valid → expired by the system after the last day, or revoked. */
export const credentialLifecycle = lifecycle<CredentialRow>({
  entity: Credential,
  initial: 'submitted',
  moves: {
    validate: move({
      from: ['submitted'],
      to: 'valid',
      permission,
      summary: 'Accept a credential on its evidence',
      when: (row, now, caller) => {
        if (!row.hasEvidence) return 'EVIDENCE_MISSING';
        if (row.endsAt !== null && new Date(row.endsAt) <= now) return 'CREDENTIAL_OVER';
        return notOwn(row, now, caller);
      },
      audience,
    }),
    reject: move({
      from: ['submitted'],
      to: 'rejected',
      permission,
      summary: 'Refuse a credential',
      fields,
      when: notOwn,
      audience,
    }),
    expire: move({
      from: ['valid'],
      to: 'expired',
      system: true,
      summary: 'The last day of a credential is over',
      dueAt: ({ endsAt }) => (endsAt === null ? null : new Date(endsAt)),
      audience,
    }),
    revoke: move({ from: ['valid'], to: 'revoked', permission, summary: 'Revoke a credential', fields, audience }),
  },
});

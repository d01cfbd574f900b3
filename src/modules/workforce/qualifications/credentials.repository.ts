import Type from 'typebox';
import { atMost, clears, day, entity, instant, line, listOf, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';
import { CREDENTIAL_KINDS } from './kinds.ts';
import { BEST, REQUIRED } from './required.ts';

export const CREDENTIAL_STATES = ['submitted', 'valid', 'rejected', 'expired', 'revoked'] as const;

export const Credential = entity({
  table: 'credential',
  fields: {
    profileId: uuid(),
    kind: oneOf(CREDENTIAL_KINDS),
    equipmentKindId: nullable(uuid({ description: 'What an equipment authorization is for' })),
    issuer: line(200),
    validFrom: day(),
    validTo: nullable(day({ description: 'Last day, included; absent: for ever' })),
    hasEvidence: Type.Boolean({ description: 'The evidence itself is read by those who decide on it' }),
    status: oneOf(CREDENTIAL_STATES),
  },
  hidden: {
    evidenceSealed: nullable(Type.String({ description: 'Under the company’s data key' })),
    endsAt: nullable(instant()),
  },
  create: ['profileId', 'kind', 'equipmentKindId', 'issuer', 'validFrom', 'validTo'],
  edit: ['issuer', 'validFrom', 'validTo'],
});
export type CredentialRow = RowOf<typeof Credential>;

/** Why lists filter by kind along their order. */
const FEW_KINDS = 'some kinds, all of them common';

export const credentialList = listOf(Credential, {
  sorts: ['-createdAt'],
  filters: ['profileId', 'status'],
  coarse: { kind: FEW_KINDS },
});

/** Valid credentials that end, the next one first. */
export const expiringList = listOf(Credential, {
  sorts: ['validTo'],
  filters: ['profileId'],
  coarse: { kind: FEW_KINDS },
  also: { by: atMost('t.valid_to', day({ description: 'Ends on this day at the latest' })) },
  only: `t.status = 'valid' and t.valid_to is not null`,
});

/** A credential that work requires of a person, and what the person holds of it. */
export interface RequiredCredential {
  readonly credential: string;
  readonly requiredBy: 'site' | 'task' | 'role' | 'equipment';
  /** Code of the kind of equipment that requires it. */
  readonly equipment: string | null;
  /** `missing`, or the state of the one that counts: one that holds on the day, else the newest. */
  readonly status: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What site, role, task kinds and equipment of an assignment require on a day. */
export const requiredCredentials = (reader: Reader, assignmentId: string, on: string): Promise<RequiredCredential[]> =>
  reader.prepared<RequiredCredential>(
    `with q as (
       select a.id as assignment_id, a.profile_id, a.task_kind_ids, a.equipment_kind_ids, p.site_id, $3::date as day
       from work_assignment a join project p on p.company_id = $1 and p.id = a.project_id
       where a.company_id = $1 and a.id = $2 and a.deleted_at is null)
     select required.kind as credential, required.by as "requiredBy", required.equipment,
       coalesce(best.status, 'missing') as status, best.valid_from as "from", best.valid_to as "to"
     from q cross join lateral (${REQUIRED}) required left join lateral (${BEST}) best on true
     order by required.by, required.kind, required.equipment`,
    [reader.companyId, assignmentId, on],
  );

/** A credential that ends within one of the notice's days, with its person and their direct superiors. */
export interface Expiring {
  readonly credentialId: string;
  readonly kind: string;
  readonly validTo: string;
  /** How many are left. */
  readonly days: number;
  readonly profileIds: readonly string[];
}

/**
 * Notes and answers the notices that are due now: each credential once for each of 30, 7 and 1 days before its end, the nearest
 * that applies. `days` is how many are left, in the zone of the person's site, else of the company.
 */
export const takeExpiryNotices = (tx: Tx): Promise<Expiring[]> =>
  tx.prepared<Expiring>(
    `with ending as (
       select c.id, c.kind, c.valid_to, c.profile_id,
         c.valid_to - ($2::timestamptz at time zone coalesce(s.timezone, o.timezone))::date as days
       from credential c
       join company o on o.id = $1
       join profile p on p.company_id = $1 and p.id = c.profile_id
       left join site s on s.company_id = $1 and s.id = p.site_id
       where c.company_id = $1 and c.status = 'valid' and c.deleted_at is null
         and c.valid_to between $2::date - 1 and $2::date + 31),
     due as (select * from ending where days between 0 and 30),
     fresh as (
       insert into expiry_notice (company_id, credential_id, valid_to, days, created_at)
       select $1, due.id, due.valid_to, case when due.days <= 1 then 1 when due.days <= 7 then 7 else 30 end, $2 from due
       on conflict do nothing returning credential_id)
     select due.id as "credentialId", due.kind, due.valid_to as "validTo", due.days,
       array_prepend(due.profile_id, array(
         select c.superior_id from reporting_closure c
         where c.company_id = $1 and c.subordinate_id = due.profile_id and c.depth = 1 order by 1)) as "profileIds"
     from due join fresh on fresh.credential_id = due.id order by due.id`,
    [tx.companyId, tx.now],
  );

/** What proves a credential says more of a person than that it was valid. */
export const evidenceErasure = clears(
  'credential.evidence',
  `update credential set evidence_sealed = null, has_evidence = false, version = version + 1
   where company_id = $1 and profile_id = $2 and has_evidence returning id`,
);

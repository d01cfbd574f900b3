import type { Reader } from '../../platform/db/database.ts';
import { DEFAULT_FITNESS_POLICY } from './classification/policy.ts';
import type { FitnessPolicy } from './classification/policy.ts';
import type { PolicyOf } from './ports.ts';

interface PolicyRow {
  readonly profileId: string;
  readonly riskGroupId: string | null;
  readonly policyId: string | null;
  readonly policy: FitnessPolicy | null;
  readonly highRisk: boolean;
}

/**
 * SQL joins to `profile p`: its risk group, the profile's own, else the gravest of the work the person is assigned to; and `f`, the
 * active policy of that group, else the company's own default.
 */
export const POLICY_JOINS = `left join risk_group g on g.company_id = $1 and g.id = p.risk_group_id and g.deleted_at is null
  left join lateral (
    select h.id as group_id, h.high_risk from work_assignment a
    join task_kind t on t.company_id = $1 and t.id = any(a.task_kind_ids) and t.deleted_at is null
    join risk_group h on h.company_id = $1 and h.id = t.risk_group_id and h.deleted_at is null
    where a.company_id = $1 and a.profile_id = p.id and a.status = 'active' and a.deleted_at is null
    order by h.high_risk desc, h.id limit 1) w on true
  left join lateral (
    select x.id, x.policy from fitness_policy x
    where x.company_id = $1 and x.status = 'active'
      and (x.risk_group_id = coalesce(p.risk_group_id, w.group_id) or x.risk_group_id is null)
    order by x.risk_group_id nulls last limit 1) f on true`;

const POLICIES = `select p.id as "profileId", coalesce(p.risk_group_id, w.group_id) as "riskGroupId", f.id as "policyId", f.policy,
    coalesce(g.high_risk, false) or coalesce(w.high_risk, false) as "highRisk"
  from profile p ${POLICY_JOINS}
  where p.company_id = $1 and p.id = any($2)`;

/**
 * The policy that holds for each person: their risk group's, else the company's own default, else the product's. Work is
 * high-risk when the person's group is, or that of any work they are assigned to.
 */
export const policiesOf = async (
  reader: Reader,
  profileIds: readonly string[],
): Promise<ReadonlyMap<string, PolicyOf>> => {
  const rows = await reader.prepared<PolicyRow>(POLICIES, [reader.companyId, profileIds]);
  return new Map(
    rows.map(({ profileId, policy, ...facts }) => [profileId, { ...facts, policy: policy ?? DEFAULT_FITNESS_POLICY }]),
  );
};

export const policyOf = async (reader: Reader, profileId: string): Promise<PolicyOf> =>
  (await policiesOf(reader, [profileId])).get(profileId) ?? {
    riskGroupId: null,
    policyId: null,
    policy: DEFAULT_FITNESS_POLICY,
    highRisk: false,
  };

import type { Reader } from '../../platform/db/database.ts';
import { DEFAULT_FITNESS_POLICY } from './classification/policy.ts';
import type { FitnessPolicy } from './classification/policy.ts';
import type { PolicyOf } from './ports.ts';

interface PolicyRow {
  readonly profileId: string;
  readonly policyId: string | null;
  readonly policy: FitnessPolicy | null;
  readonly highRisk: boolean;
}

/** The policy that holds for each person: their risk group's, else the company's own default, else the product's. */
export const policiesOf = async (
  reader: Reader,
  profileIds: readonly string[],
): Promise<ReadonlyMap<string, PolicyOf>> => {
  const rows = await reader.prepared<PolicyRow>(
    `select p.id as "profileId", f.id as "policyId", f.policy, coalesce(g.high_risk, false) as "highRisk"
     from profile p
     left join risk_group g on g.company_id = $1 and g.id = p.risk_group_id and g.deleted_at is null
     left join lateral (select x.id, x.policy from fitness_policy x
       where x.company_id = $1 and x.status = 'active' and (x.risk_group_id = p.risk_group_id or x.risk_group_id is null)
       order by x.risk_group_id nulls last limit 1) f on true
     where p.company_id = $1 and p.id = any($2)`,
    [reader.companyId, profileIds],
  );
  return new Map(
    rows.map(({ profileId, policyId, policy, highRisk }) => [
      profileId,
      { policyId, policy: policy ?? DEFAULT_FITNESS_POLICY, highRisk },
    ]),
  );
};

export const policyOf = async (reader: Reader, profileId: string): Promise<PolicyOf> =>
  (await policiesOf(reader, [profileId])).get(profileId) ?? {
    policyId: null,
    policy: DEFAULT_FITNESS_POLICY,
    highRisk: false,
  };

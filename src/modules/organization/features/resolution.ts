/** Why somebody has a feature or not. */
export const REASONS = [
  'KILLED',
  'DENIED',
  'PROFILE',
  'ROLE',
  'DEPARTMENT',
  'COMPANY',
  'PLAN',
  'SUBSCRIPTION',
  'DEFAULT',
  'SUSPENDED',
  'NOT_GRANTED',
] as const;
export type Reason = (typeof REASONS)[number];

/** Whom a grant is for, the nearest first: the nearest that counts decides. */
const NEAREST = ['profile', 'role', 'department', 'company'] as const;
export type Subject = (typeof NEAREST)[number];

/** A grant whose time it is, of somebody's own or of a department, role or company of theirs. */
export interface GrantFact {
  readonly id: string;
  readonly subject: Subject;
  readonly effect: 'allow' | 'deny';
  /** Units in a period, for each person; of a company's for all together. Null: as many as they like. */
  readonly quota: number | null;
  /** Given by the operator's staff; all others are the company's own. */
  readonly byOperator: boolean;
  /** A subscription with the feature is suspended, or ended since the grant began. */
  readonly overtaken: boolean;
  /** How deep the department lies that it is for; 0 where it is for none. */
  readonly depth: number;
}

/** A subscription of the company to an offering that has the feature. */
export interface SubscriptionFact {
  readonly unit: 'seat_month' | 'company_month';
  readonly isLive: boolean;
  /** Whether the person holds a license of it. */
  readonly hasSeat: boolean;
}

/** All that decides about one feature for one person, or for a company as a whole. */
export interface FeatureFacts {
  readonly status: 'active' | 'killed';
  readonly type: 'permission' | 'release' | 'kill_switch';
  readonly onByDefault: boolean;
  /** What the company's plan has of it; `byGrant`: the company gives it to whom it likes, else all have it. */
  readonly plan: { readonly byGrant: boolean; readonly quota: number | null } | null;
  readonly subscriptions: readonly SubscriptionFact[];
  readonly grants: readonly GrantFact[];
}

export interface Resolution {
  readonly allowed: boolean;
  readonly because: Reason;
  /** The grant that decided, or waits for the company to have the feature again. */
  readonly grantId: string | null;
  readonly quota: {
    /** Most units in a period for the person; null: no limit of their own. */
    readonly person: number | null;
    /** Most units in a period for all of the company together; null: no limit. */
    readonly company: number | null;
  };
}

const OF_SUBJECT = { profile: 'PROFILE', role: 'ROLE', department: 'DEPARTMENT', company: 'COMPANY' } as const;
const NO_QUOTA = { person: null, company: null };

const amount = (quota: number | null): number => quota ?? Infinity;
const quotaOf = (units: number): number | null => (units === Infinity ? null : units);

/** The nearest first: of two departments the deeper one, of two alike the one that allows more. */
const byNearness = (a: GrantFact, b: GrantFact): number =>
  NEAREST.indexOf(a.subject) - NEAREST.indexOf(b.subject) ||
  b.depth - a.depth ||
  Number(amount(b.quota) > amount(a.quota)) - Number(amount(a.quota) > amount(b.quota)) ||
  (a.id < b.id ? -1 : 1);

const allowing = ({ grants }: FeatureFacts): GrantFact[] => grants.filter(({ effect }) => effect === 'allow');

/** What the operator gave; what a subscription overtook waits until there is one in force again. */
const soldTo = (facts: FeatureFacts): GrantFact[] => {
  const isLive = facts.subscriptions.some((one) => one.isLive);
  return allowing(facts).filter(({ byOperator, overtaken }) => byOperator && (isLive || !overtaken));
};

type Served = (subscription: SubscriptionFact) => boolean;
const isForPerson: Served = ({ unit, hasSeat }) => unit === 'company_month' || hasSeat;
const isForAnybody: Served = () => true;

/**
 * Why a company has a feature at all; undefined when it has not. `isServed` says which subscriptions count: of those sold by
 * the seat, for a person, only where they have one.
 */
const basisOf = (
  facts: FeatureFacts,
  isServed: Served,
): 'COMPANY' | 'PLAN' | 'SUBSCRIPTION' | 'DEFAULT' | undefined => {
  if (soldTo(facts).some(({ subject }) => subject === 'company')) return 'COMPANY';
  if (facts.plan !== null) return 'PLAN';
  if (facts.subscriptions.some((one) => one.isLive && isServed(one))) return 'SUBSCRIPTION';
  return facts.onByDefault ? 'DEFAULT' : undefined;
};

/** The grants that count, the nearest first: the operator's while no subscription overtook them, the company's own while the company has the feature. */
const counted = (facts: FeatureFacts, isServed: Served): GrantFact[] => {
  const own = basisOf(facts, isServed) === undefined ? [] : allowing(facts).filter(({ byOperator }) => !byOperator);
  return [...soldTo(facts), ...own].toSorted(byNearness);
};

/** What the operator sold bounds all of the company together; what the company set itself narrows that. */
const companyQuota = (facts: FeatureFacts, grants: readonly GrantFact[]): number | null => {
  const whole = grants.filter(({ subject }) => subject === 'company');
  const quotasOf = (byOperator: boolean) =>
    whole.filter((one) => one.byOperator === byOperator).map(({ quota }) => amount(quota));
  const sold = quotasOf(true);
  const bought = sold.length > 0 ? Math.max(...sold) : amount(facts.plan?.quota ?? null);
  return quotaOf(Math.min(bought, ...quotasOf(false)));
};

/**
 * Whether a person has a feature, and why: off where the operator killed it, then by any deny, then by the nearest grant that
 * counts (profile, role, department, company), the plan, a subscription, the default. Pure; docs/decisions/what-a-company-has-of-a-feature.md
 * says which grants count.
 */
export const resolve = (facts: FeatureFacts): Resolution => {
  const off = (because: Reason, grantId: string | null = null): Resolution => ({
    allowed: false,
    because,
    grantId,
    quota: NO_QUOTA,
  });
  if (facts.status === 'killed') return off('KILLED');
  if (facts.type === 'kill_switch') return { allowed: true, because: 'DEFAULT', grantId: null, quota: NO_QUOTA };
  const denied = facts.grants.filter(({ effect }) => effect === 'deny').toSorted(byNearness)[0];
  if (denied !== undefined) return off('DENIED', denied.id);
  const grants = counted(facts, isForPerson);
  const company = companyQuota(facts, grants);
  const [nearest] = grants;
  if (nearest !== undefined)
    return {
      allowed: true,
      because: OF_SUBJECT[nearest.subject],
      grantId: nearest.id,
      quota: { person: nearest.subject === 'company' ? null : nearest.quota, company },
    };
  const forAll = basisOf(facts.plan?.byGrant === true ? { ...facts, plan: null } : facts, isForPerson);
  if (forAll !== undefined) return { allowed: true, because: forAll, grantId: null, quota: { person: null, company } };
  const [waiting] = allowing(facts).toSorted(byNearness);
  return waiting === undefined ? off('NOT_GRANTED') : off('SUSPENDED', waiting.id);
};

/** Whether somebody has a feature after what they had not before, or more of it. */
export const isMore = (before: FeatureFacts, after: FeatureFacts): boolean => {
  const [had, has] = [resolve(before), resolve(after)];
  return has.allowed && (!had.allowed || amount(has.quota.person) > amount(had.quota.person));
};

/** What a company has of a feature: whether it may give it to its people, by what, and how much of it all may use together. */
export const included = (
  facts: FeatureFacts,
): Pick<Resolution, 'allowed' | 'because'> & { readonly quota: number | null } => {
  if (facts.status === 'killed') return { allowed: false, because: 'KILLED', quota: null };
  const because = facts.type === 'kill_switch' ? 'DEFAULT' : basisOf(facts, isForAnybody);
  if (because !== undefined)
    return { allowed: true, because, quota: companyQuota(facts, counted(facts, isForAnybody)) };
  return { allowed: false, because: allowing(facts).length > 0 ? 'SUSPENDED' : 'NOT_GRANTED', quota: null };
};

export const REQUIREMENT_STATUSES = ['due', 'done_on_time', 'done_late', 'missed', 'excused', 'blocked'] as const;
export type RequirementStatus = (typeof REQUIREMENT_STATUSES)[number];

export interface CountedRequirement {
  status: RequirementStatus;
  dueAt: Date;
  /** Whether any attempt at it was invalid. */
  hadInvalid: boolean;
}

/** A rate that stays exact until it is shown; no denominator, no rate. */
export interface Rate {
  numerator: number;
  denominator: number;
}

/** Requirements whose due time has passed, by what became of them; `overdue` are still open, `invalid` counts beside the others. */
export interface ComplianceCounts {
  onTime: number;
  late: number;
  missed: number;
  overdue: number;
  excused: number;
  blocked: number;
  invalid: number;
}

export interface Compliance extends ComplianceCounts {
  /** Everything that fell due: the sum of all but `invalid`. */
  required: number;
  rate: Rate;
}

/**
 * compliance = done_on_time / (requirements of the period whose due_at has passed - excused - blocked).
 * Everything that is not in the rate stands beside it.
 */
export const complianceOf = (counts: ComplianceCounts): Compliance => {
  const { onTime, late, missed, overdue, excused, blocked } = counts;
  const denominator = onTime + late + missed + overdue;
  return { ...counts, required: denominator + excused + blocked, rate: { numerator: onTime, denominator } };
};

const COUNTED_AS = {
  due: 'overdue',
  done_on_time: 'onTime',
  done_late: 'late',
  missed: 'missed',
  excused: 'excused',
  blocked: 'blocked',
} as const satisfies Record<RequirementStatus, keyof ComplianceCounts>;

/** Counts a period's requirements as they stand at `now`; those not due yet are left out, done early or not. */
export const countRequirements = (requirements: Iterable<CountedRequirement>, now: Date): ComplianceCounts => {
  const counts: ComplianceCounts = { onTime: 0, late: 0, missed: 0, overdue: 0, excused: 0, blocked: 0, invalid: 0 };
  for (const { status, dueAt, hadInvalid } of requirements) {
    if (dueAt > now) continue;
    counts[COUNTED_AS[status]] += 1;
    if (hadInvalid) counts.invalid += 1;
  }
  return counts;
};

/** Sums the counts of parts (shifts, sites, days), so that every total is made of the same numbers. */
export const addCounts = (parts: Iterable<ComplianceCounts>): ComplianceCounts => {
  const sum = countRequirements([], new Date(0));
  for (const part of parts) {
    for (const key of Object.keys(sum) as (keyof ComplianceCounts)[]) sum[key] += part[key];
  }
  return sum;
};

/** A rate as a percentage with one decimal, rounded half to even; null without a denominator. */
export const percentOf = ({ numerator, denominator }: Rate): number | null => {
  if (denominator === 0) return null;
  const tenths = Math.floor((numerator * 1000) / denominator);
  const twiceRest = 2 * (numerator * 1000 - tenths * denominator);
  const up = twiceRest > denominator || (twiceRest === denominator && tenths % 2 === 1);
  return (tenths + (up ? 1 : 0)) / 10;
};

/** One group of a breakdown of health data, such as the levels at a site. */
export interface HealthGroup<T> {
  key: string;
  people: number;
  values: T;
}

export type SuppressedGroup<T> =
  | { key: string; suppressed: false; people: number; values: T }
  | { key: string; suppressed: true; people: null; values: null };

/** Groups smaller than this do not show health data. */
export const SMALLEST_HEALTH_GROUP = 5;

/**
 * Hides the groups with fewer than five people, and, so that none can be told by taking the others from the total, as many of the next
 * smallest as are needed until at least two groups with five people together are hidden. The order stays.
 */
export const suppressSmall = <T>(
  groups: readonly HealthGroup<T>[],
  smallest = SMALLEST_HEALTH_GROUP,
): SuppressedGroup<T>[] => {
  const hidden = new Set<HealthGroup<T>>();
  let people = 0;
  const bySize = groups.filter((group) => group.people > 0).toSorted((a, b) => a.people - b.people);
  for (const group of bySize) {
    const exposed = hidden.size > 0 && (hidden.size < 2 || people < smallest);
    if (group.people >= smallest && !exposed) break;
    hidden.add(group);
    people += group.people;
  }
  return groups.map((group) =>
    hidden.has(group)
      ? { key: group.key, suppressed: true, people: null, values: null }
      : { key: group.key, suppressed: false, people: group.people, values: group.values },
  );
};

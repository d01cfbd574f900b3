/** What there is of what was asked for: ids, or days, of which something is missing or there too often. */
export interface Outcome {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

/** Mails among it. */
export interface MailOutcome extends Outcome {
  /** How many came once more, under one Message-ID; they are `doubled` only where more came than may. */
  readonly copies: number;
}

const times = <T>(items: Iterable<T>): Map<T, number> => {
  const found = new Map<T, number>();
  for (const item of items) found.set(item, (found.get(item) ?? 0) + 1);
  return found;
};
/** Everything that is wanted must be there once. */
export const compare = (wanted: Iterable<string>, found: Iterable<string>, what: string): Outcome => {
  const counts = times(found);
  const ids = new Set(wanted);
  return {
    lost: [...ids].filter((id) => !counts.has(id)).map((id) => `${what} ${id}`),
    doubled: [...counts].filter(([id, count]) => count > 1 || !ids.has(id)).map(([id]) => `${what} ${id}`),
  };
};
export const together = (...outcomes: readonly Outcome[]): Outcome => ({
  lost: outcomes.flatMap(({ lost }) => lost),
  doubled: outcomes.flatMap(({ doubled }) => doubled),
});

/** Mails, from what was asked for to what a mail server took. */
export interface Mails {
  /** Of each notice that was asked for, whom it is for and where it leads; several may be alike. */
  readonly asked: readonly string[];
  /** What the system made of them: a notice's delivery by e-mail. */
  readonly deliveries: readonly { readonly notice: string; readonly messageId: string }[];
  /** Message-IDs of all mails that these people got, each as often as it was taken. */
  readonly taken: readonly string[];
  /** How many may have come once more: the sends that the run itself can have cut (`cutBy`), whatever the system says. */
  readonly mostCopies: number;
}

/** Mails that one jobs process has under way at once. */
export const MAILS_AT_ONCE = 4;
/** Sends that can have been cut between the mail server and the row that says so, by so many losses of so many jobs processes. */
export const cutBy = (losses: number, jobs = 1): number => losses * jobs * MAILS_AT_ONCE;

/**
 * Each notice that was asked for has one delivery, and each delivery was taken, under its Message-ID; nothing else was, and
 * no more came again than may have.
 */
export const judgeMails = ({ asked, deliveries, taken, mostCopies }: Mails): MailOutcome => {
  const wanted = times(asked);
  const made = times(deliveries.map(({ notice }) => notice));
  const more = (most: ReadonlyMap<string, number>, least: ReadonlyMap<string, number>): string[] =>
    [...most].flatMap(([notice, count]) =>
      Array.from({ length: Math.max(0, count - (least.get(notice) ?? 0)) }, () => `delivery of ${notice}`),
    );
  const sent = compare(
    deliveries.map(({ messageId }) => messageId),
    new Set(taken),
    'mail',
  );
  const again = [...times(taken)].flatMap(([id, count]) => Array.from({ length: count - 1 }, () => `mail again ${id}`));
  const copied = { lost: [], doubled: again.length > mostCopies ? again : [] };
  return {
    ...together({ lost: more(wanted, made), doubled: more(made, wanted) }, sent, copied),
    copies: again.length,
  };
};

/** A company's trail: how many changes and seals it has, how many of them belong together, and its numbers. */
export interface Trail {
  readonly changes: number;
  readonly seals: number;
  readonly pairs: number;
  readonly first: number | null;
  readonly last: number | null;
}

/**
 * Each deed left one change (`wanted` and `found` name both alike), each change has one number, and no number is missing,
 * nor without its change.
 */
export const judgeTrail = (trails: readonly Trail[], wanted: Iterable<string>, found: Iterable<string>): Outcome => {
  const torn = trails.filter(
    ({ changes, seals, pairs, first, last }) =>
      changes !== seals || pairs !== seals || (seals > 0 && (first !== 1 || last !== seals)),
  );
  return together(
    { lost: torn.map((trail) => `trail ${JSON.stringify(trail)}`), doubled: [] },
    compare(wanted, found, 'change'),
  );
};

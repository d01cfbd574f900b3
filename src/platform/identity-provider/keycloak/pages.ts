const PAGE = 500;
const AT_ONCE = 8;

/** Asks for each of many, some at a time. */
export const forEach = async <T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> => {
  const all: R[] = [];
  for (let first = 0; first < items.length; first += AT_ONCE)
    all.push(...(await Promise.all(items.slice(first, first + AT_ONCE).map(ask))));
  return all;
};

/** All that Keycloak answers page by page. */
export const allPages = async <T>(
  load: (range: { first: number; max: number }) => Promise<readonly T[]>,
): Promise<T[]> => {
  const all: T[] = [];
  for (;;) {
    const page = await load({ first: all.length, max: PAGE });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
};

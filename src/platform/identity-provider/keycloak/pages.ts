const PAGE = 500;

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

import type { IdentityProvider, User } from '../../../platform/identity-provider/port.ts';

const PAGE = 500;
/** With so many of the page before the next one begins. */
const OVERLAP = 50;

/** Some users in the order of their names; `isLast` where none follow. */
interface Stretch {
  readonly users: readonly User[];
  readonly isLast: boolean;
}

/**
 * All users of the identity provider in the order of their names, a page at a time. It reads by place, and places move while
 * users come and go; their order does not. So each page is asked for from before the end of the one before: as long as it has
 * somebody of that one nobody between was passed over, and where it has none it is asked for again from further up. Whoever is
 * there all the while is in a stretch, a few in several.
 */
export async function* stretchesOf({ page }: Pick<IdentityProvider['users'], 'page'>): AsyncGenerator<Stretch> {
  let before: ReadonlySet<string> = new Set<string>();
  for (let first = 0; ;) {
    const users = await page({ first, max: PAGE });
    if (first > 0 && !users.some(({ id }) => before.has(id))) {
      first = Math.max(0, first - PAGE);
      continue;
    }
    const isLast = users.length < PAGE;
    yield { users: users.filter(({ id }) => !before.has(id)), isLast };
    if (isLast) return;
    before = new Set(users.map(({ id }) => id));
    first += PAGE - OVERLAP;
  }
}

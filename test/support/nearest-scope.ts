import type { About } from '../../src/platform/access/catalogue.ts';
import { matches } from '../../src/platform/access/decision.ts';
import type { Grant, Reach } from '../../src/platform/access/principal.ts';

/** Where a row is: its department and all above it, the nearest first, and the projects it belongs to. */
export interface Place {
  readonly departments: readonly string[];
  readonly projects: readonly string[];
}

/**
 * The rule of scopes, said plainly, to hold the real one against: how far a permission reaches a row. One walks from the
 * row outward. A deny ends the walk: what is granted there or farther up is not held. One for the company ends it before
 * it begins; projects are neither nearer nor farther than departments, so a deny in one counts everywhere. What is about the
 * company as a whole is in no department or project: it takes a grant for the company, and no deny anywhere. What is about
 * everybody is held by whoever holds it at any one place.
 */
export const reachesAt = (
  grants: readonly Grant[],
  permission: string,
  place: Place,
  about: About = 'rows',
): Reach[] => {
  const spoken = grants.filter((grant) => matches(grant.permission, permission));
  const at = (kind: 'department' | 'project', id: string): readonly Grant[] =>
    spoken.filter(({ scope }) => scope?.kind === kind && scope.id === id);
  const isDenied = (some: readonly Grant[]): boolean => some.some(({ effect }) => effect === 'deny');
  const company = spoken.filter(({ scope }) => scope === undefined);
  if (about === 'company') return isDenied(spoken) ? [] : company.map(({ reach }) => reach);
  if (about === 'everybody') {
    if (isDenied(company)) return [];
    const scoped = Object.values(Object.groupBy(spoken, ({ scope }) => `${scope?.kind} ${scope?.id}`));
    return scoped.flatMap((here = []) => (isDenied(here) ? [] : here.map(({ reach }) => reach)));
  }
  const projects = place.projects.flatMap((id) => at('project', id));
  if (isDenied(company) || isDenied(projects)) return [];
  const found: Grant[] = [];
  for (const department of place.departments) {
    const here = at('department', department);
    if (isDenied(here)) return found.map(({ reach }) => reach);
    found.push(...here);
  }
  return [...found, ...projects, ...company].map(({ reach }) => reach);
};

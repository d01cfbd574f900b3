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
 * it begins; projects are neither nearer nor farther than departments, so a deny in one counts everywhere.
 */
export const reachesAt = (grants: readonly Grant[], permission: string, place: Place): Reach[] => {
  const about = grants.filter((grant) => matches(grant.permission, permission));
  const at = (kind: 'department' | 'project', id: string): readonly Grant[] =>
    about.filter(({ scope }) => scope?.kind === kind && scope.id === id);
  const isDenied = (some: readonly Grant[]): boolean => some.some(({ effect }) => effect === 'deny');
  const company = about.filter(({ scope }) => scope === undefined);
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

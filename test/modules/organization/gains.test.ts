import { expect } from 'chai';
import fc from 'fast-check';
import type { Catalogue } from '../../../src/platform/access/catalogue.ts';
import { matches } from '../../../src/platform/access/decision.ts';
import { REACHES } from '../../../src/platform/access/principal.ts';
import type { Grant, GrantScope, Reach } from '../../../src/platform/access/principal.ts';
import { gainedOver } from '../../../src/modules/organization/roles/gains.ts';
import { reachesAt } from '../../support/nearest-scope.ts';

const CATALOGUE: Catalogue = { 'a:x:read': 'rows', 'a:x:write': 'rows', 'a:y:read': 'rows', 'b:x:read': 'company' };
const scopes: readonly GrantScope[] = [
  ...['d1', 'd2', 'd3', 'd4'].map((id) => ({ kind: 'department' as const, id })),
  ...['p1', 'p2'].map((id) => ({ kind: 'project' as const, id })),
];
const grant: fc.Arbitrary<Grant> = fc
  .record({
    permission: fc.constantFrom('a:x:read', 'a:x:*', 'a:*:read', '*:*:*'),
    effect: fc.constantFrom('grant' as const, 'deny' as const),
    reach: fc.constantFrom<Reach>('self', 'reports', 'hierarchy', 'company'),
    scope: fc.constantFrom(undefined, ...scopes),
  })
  .map(({ scope, ...rest }) => ({ ...rest, role: 'r', ...(scope && { scope }) }));
/** Department d3 stands below d2, and d2 first below d1, then below d4: each with those above it, the nearest first. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  d1: ['d1'],
  d2: ['d2', 'd1'],
  d3: ['d3', 'd2', 'd1'],
  d4: ['d4'],
};
const AFTER: typeof BEFORE = { ...BEFORE, d2: ['d2', 'd4'], d3: ['d3', 'd2', 'd4'] };
const by = (tree: typeof BEFORE) => (outer: GrantScope, inner: GrantScope) =>
  outer.kind === inner.kind && (tree[inner.id]?.includes(outer.id) ?? outer.id === inner.id);
const farthest = (reaches: readonly Reach[]): number => Math.max(-1, ...reaches.map((each) => REACHES.indexOf(each)));

describe('what somebody gains over people who stand elsewhere afterwards', () => {
  it('is what the plain rule of scopes gives farther there, for people of any project', () => {
    const place = fc.constantFrom(null, 'd1', 'd2', 'd3', 'd4');
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 7 }), place, place, fc.boolean(), (grants, from, to, isMove) => {
        const stand = (id: string | null, tree: typeof BEFORE) => ({
          at: id === null ? null : ({ kind: 'department', id } as const),
          covers: by(tree),
        });
        const [target, tree] = isMove ? [from, AFTER] : [to, BEFORE];
        const found = gainedOver(grants, CATALOGUE, stand(from, BEFORE), stand(target, tree));
        const reach = (permission: string, departments: readonly string[], projects: readonly string[]) =>
          farthest(reachesAt(grants, permission, { departments, projects }));
        const isGained = (permission: string): boolean =>
          [[], ['p1'], ['p2'], ['p1', 'p2']].some(
            (projects) =>
              reach(permission, target === null ? [] : tree[target]!, projects) >
              reach(permission, from === null ? [] : BEFORE[from]!, projects),
          );
        const expected = ['a:x:read', 'a:x:write', 'a:y:read'].find(isGained);
        expect(found).to.equal(expected);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is what it gives farther in other projects, over somebody who stands so near', () => {
    const nearness = fc.constantFrom<Reach>('self', 'reports', 'hierarchy', 'company');
    const projects = fc.subarray(['p1', 'p2']);
    const at = fc.constantFrom(null, 'd1', 'd3', 'd4');
    fc.assert(
      fc.property(
        fc.array(grant, { maxLength: 7 }),
        at,
        projects,
        projects,
        nearness,
        (grants, id, from, to, nearest) => {
          const departments = id === null ? [] : BEFORE[id]!;
          const stand = (those: readonly string[]) => ({
            at: id === null ? null : ({ kind: 'department', id } as const),
            covers: by(BEFORE),
            projects: new Set(those),
            nearest,
          });
          /** One's own row is within every scope, but where something is denied. */
          const places = nearest === 'self' ? [...scopes, undefined] : [];
          const reaches = (permission: string, those: readonly string[]): number => {
            const place = { departments, projects: those };
            const spoken = grants.filter((each) => matches(each.permission, permission));
            const isHere = (scope: GrantScope | undefined): boolean =>
              scope === undefined || [...departments, ...those].includes(scope.id);
            const isDenied = spoken.some(({ effect, scope }) => effect === 'deny' && isHere(scope));
            const own = places.flatMap((scope) => {
              const said = spoken.filter((each) => each.scope?.id === scope?.id);
              return isDenied || said.some(({ effect }) => effect === 'deny') ? [] : said.map(({ reach }) => reach);
            });
            const all = [...reachesAt(grants, permission, place), ...own];
            return farthest(all.filter((reach) => REACHES.indexOf(reach) >= REACHES.indexOf(nearest)));
          };
          const found = gainedOver(grants, CATALOGUE, stand(from), stand(to));
          const isGained = (permission: string): boolean => reaches(permission, to) > reaches(permission, from);
          expect(found).to.equal(['a:x:read', 'a:x:write', 'a:y:read'].find(isGained));
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

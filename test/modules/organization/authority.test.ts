import { expect } from 'chai';
import fc from 'fast-check';
import { waysOf } from '../../../src/platform/access/allowance.ts';
import { ABOUTS } from '../../../src/platform/access/catalogue.ts';
import type { Catalogue } from '../../../src/platform/access/catalogue.ts';
import { decide, matches } from '../../../src/platform/access/decision.ts';
import { REACHES } from '../../../src/platform/access/principal.ts';
import type { Grant, GrantScope, Reach } from '../../../src/platform/access/principal.ts';
import {
  beyondOwn,
  lineageOf,
  lostOf,
  outranks,
  rankWithin,
} from '../../../src/modules/organization/roles/authority.ts';
import type { Holding, RoleParts } from '../../../src/modules/organization/roles/authority.ts';
import { reachesAt } from '../../support/nearest-scope.ts';
import type { Place } from '../../support/nearest-scope.ts';
import { SYSTEM_ROLES } from '../../../src/modules/organization/roles/system-roles.ts';

const PARTS = { area: ['a', 'b'], resource: ['x', 'y'], action: ['read', 'write', 'delete'] };
const NAMES = PARTS.area.flatMap((area) =>
  PARTS.resource.flatMap((resource) => PARTS.action.map((action) => `${area}:${resource}:${action}`)),
);
const CATALOGUE: Catalogue = Object.fromEntries(NAMES.map((name) => [name, 'rows']));
/** Each permission is about something, whatever it is. */
const catalogues = fc
  .array(fc.constantFrom(...ABOUTS), { minLength: NAMES.length, maxLength: NAMES.length })
  .map((abouts): Catalogue => Object.fromEntries(NAMES.map((name, n) => [name, abouts[n]!])));
const part = (values: readonly string[]) => fc.constantFrom('*', ...values);
const pattern = fc.tuple(part(PARTS.area), part(PARTS.resource), part(PARTS.action)).map((parts) => parts.join(':'));
const patterns = fc.uniqueArray(pattern, { maxLength: 4 });
const reach = fc.constantFrom<Reach>('self', 'reports', 'hierarchy', 'company');
const scope = fc.constantFrom<GrantScope | undefined>(
  undefined,
  { kind: 'department', id: 'd1' },
  { kind: 'department', id: 'd2' },
  { kind: 'project', id: 'p1' },
);
const grant: fc.Arbitrary<Grant> = fc
  .record({ permission: pattern, effect: fc.constantFrom('grant' as const, 'deny' as const), reach, scope })
  .map(({ scope: where, ...rest }) => ({ ...rest, role: 'r', ...(where && { scope: where }) }));
const grants = fc.array(grant, { maxLength: 8 });
const roleOf = (id: string) =>
  fc
    .record({ reach, grants: patterns, denies: patterns })
    .map((rest): RoleParts => ({ id, code: id, parentId: null, systemParent: null, ...rest }));
/** Department d1 stands above d2. */
const covers = (outer: GrantScope, inner: GrantScope): boolean =>
  outer.kind === inner.kind && (outer.id === inner.id || (outer.id === 'd1' && inner.id === 'd2'));
/** Where rows can be, then. */
const PLACES: readonly Place[] = [[], ['d1'], ['d2', 'd1']].flatMap((departments) => [
  { departments, projects: [] },
  { departments, projects: ['p1'] },
]);
const far = (a: Reach, b: Reach): boolean => REACHES.indexOf(a) >= REACHES.indexOf(b);
const grantsFrom = (lineage: readonly RoleParts[], where: GrantScope | null): Grant[] =>
  lineage.flatMap((role) => {
    const base = { reach: role.reach, role: role.code, ...(where && { scope: where }) };
    return [
      ...role.grants.map((permission) => ({ ...base, permission, effect: 'grant' as const })),
      ...role.denies.map((permission) => ({ ...base, permission, effect: 'deny' as const })),
    ];
  });

describe('a decision', () => {
  it('denies whatever is denied for the whole company, whatever is granted', () => {
    fc.assert(
      fc.property(grants, fc.constantFrom(...NAMES), fc.constantFrom(...ABOUTS), (held, permission, about) => {
        const denied = held.some(
          (each) => each.effect === 'deny' && each.scope === undefined && matches(each.permission, permission),
        );
        const { allowed } = decide({ grants: held }, permission, about);
        if (denied) expect(allowed).to.equal(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never allows what nothing grants, and one more deny never allows more', () => {
    fc.assert(
      fc.property(
        grants,
        grant,
        fc.constantFrom(...NAMES),
        fc.constantFrom(...ABOUTS),
        (held, added, permission, about) => {
          const before = decide({ grants: held }, permission, about);
          const isGranted = held.some((each) => each.effect === 'grant' && matches(each.permission, permission));
          if (!isGranted) expect(before.allowed).to.equal(false);
          const after = decide({ grants: [...held, { ...added, effect: 'deny' }] }, permission, about);
          if (after.allowed) expect(before.allowed).to.equal(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the reach of a decision', () => {
  const department = { kind: 'department', id: 'd1' } as const;
  const held = (each: Reach, where?: GrantScope): Grant => ({
    permission: 'a:x:read',
    effect: 'grant',
    reach: each,
    role: 'r',
    ...(where && { scope: where }),
  });

  it('is never wider in the company than what was granted for the company', () => {
    const decision = decide({ grants: [held('company', department), held('self')] }, 'a:x:read', 'rows');
    expect(decision).to.deep.equal({
      allowed: true,
      reach: 'self',
      scopes: [],
      further: [{ reach: 'company', scopes: [department] }],
    });
    const other = { kind: 'department', id: 'd2' } as const;
    expect(decide({ grants: [held('self', other), held('company', department)] }, 'a:x:read', 'rows')).to.deep.equal({
      allowed: true,
      reach: 'company',
      scopes: [department],
      further: [{ reach: 'self', scopes: [other] }],
    });
    expect(decide({ grants: [held('hierarchy'), held('self', department)] }, 'a:x:read', 'rows')).to.deep.equal({
      allowed: true,
      reach: 'hierarchy',
      scopes: [],
    });
  });

  it('takes in exactly what one grant or another takes in', () => {
    fc.assert(
      fc.property(grants, fc.constantFrom(...NAMES), reach, scope, (given, permission, need, where) => {
        const granted = given.filter(({ effect }) => effect === 'grant');
        const inScope = (outer: GrantScope | undefined) =>
          outer === undefined || (where !== undefined && outer.kind === where.kind && outer.id === where.id);
        const expected = granted.some(
          (each) => matches(each.permission, permission) && far(each.reach, need) && inScope(each.scope),
        );
        const decision = decide({ grants: granted }, permission, 'rows');
        const got =
          decision.allowed &&
          waysOf(decision).some(
            (way) => far(way.reach, need) && (way.scopes.length === 0 || way.scopes.some((outer) => inScope(outer))),
          );
        expect(got).to.equal(expected);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('what a change takes', () => {
  const at = (departments: readonly string[], ...projects: string[]): Place => ({ departments, projects });
  /** Every place there can be with two departments, whichever stands above the other, if one does. */
  const places = [[], ['d1'], ['d2'], ['d1', 'd2'], ['d2', 'd1']].flatMap((home) => [at(home), at(home, 'p1')]);

  it('is named when somebody may do less somewhere, wherever departments stand, and only then', () => {
    fc.assert(
      fc.property(grants, grants, fc.nat(8), catalogues, (before, more, kept, catalogue) => {
        const after = [...before.slice(0, kept), ...more];
        const isLess = (permission: string) =>
          places.some((place) => {
            const about = catalogue[permission];
            const [then, now] = [before, after].map((held) => reachesAt(held, permission, place, about));
            return !then!.every((one) => now!.some((other) => far(other, one)));
          });
        expect(lostOf(before, after, catalogue)).to.equal(NAMES.find(isLess));
      }),
      { numRuns: 500 },
    );
  });
});

describe('giving roles', () => {
  it('hands on nothing that the giver does not hold, nor further than it reaches them', () => {
    let given = 0;
    fc.assert(
      fc.property(
        grants,
        roleOf('child'),
        roleOf('parent'),
        scope,
        catalogues,
        (own, child, parent, where, catalogue) => {
          const lineage = [{ ...child, parentId: parent.id }, parent];
          if (beyondOwn(lineage, own, catalogue, where ?? null, covers) !== undefined) return;
          given += 1;
          for (const permission of NAMES)
            for (const place of PLACES) {
              const mine = reachesAt(own, permission, place, catalogue[permission]);
              for (const got of reachesAt(grantsFrom(lineage, where ?? null), permission, place, catalogue[permission]))
                expect(
                  mine.some((one) => far(one, got)),
                  `${permission} reaches ${got} at ${JSON.stringify(place)}`,
                ).to.equal(true);
            }
        },
      ),
      { numRuns: 5_000 },
    );
    expect(given).to.be.greaterThan(200);
  });

  it('gives within a scope what is about the company by name only: it takes one who holds it to give it for the company', () => {
    const role = {
      id: 'r',
      code: 'r',
      parentId: null,
      systemParent: null,
      reach: 'company',
      grants: ['a:x:read'],
      denies: [],
    } as const;
    const d1 = { kind: 'department', id: 'd1' } as const;
    const mine: Grant = { permission: '*:*:*', effect: 'grant', reach: 'company', role: 'o', scope: d1 };
    const catalogue: Catalogue = { ...CATALOGUE, 'a:x:read': 'company' };
    expect(beyondOwn([role], [mine], catalogue, d1, covers)).to.equal(undefined);
    expect(beyondOwn([role], [mine], catalogue, null, covers)).to.equal('a:x:read');
  });

  it('refuses a pattern to whoever holds all it means today, but not the pattern', () => {
    const role: RoleParts = {
      id: 'r',
      code: 'r',
      parentId: null,
      systemParent: null,
      reach: 'company',
      grants: ['a:*:*'],
      denies: [],
    };
    const each: Grant[] = NAMES.map((permission) => ({ permission, effect: 'grant', reach: 'company', role: 'o' }));
    expect(beyondOwn([role], each, CATALOGUE, null, covers)).to.equal('a:*:*');
    const wide: Grant = { permission: '*:*:*', effect: 'grant', reach: 'company', role: 'o' };
    expect(beyondOwn([role], [wide], CATALOGUE, null, covers)).to.equal(undefined);
    expect(beyondOwn([role], [{ ...wide, reach: 'reports' }], CATALOGUE, null, covers)).to.equal('a:*:*');
  });

  it('is a matter of rank: lower ones only, owners make owners', () => {
    const rank = new Map(SYSTEM_ROLES.map((role) => [role.code, role.rank]));
    const may = (own: string, other: string) => outranks(rank.get(own)!, rank.get(other)!);
    expect(may('owner', 'owner')).to.equal(true);
    expect(may('owner', 'senior_admin')).to.equal(true);
    expect(may('senior_admin', 'admin')).to.equal(true);
    expect(may('admin', 'admin')).to.equal(false);
    expect(may('admin', 'owner')).to.equal(false);
    expect(may('institution_admin', 'admin')).to.equal(false);
  });

  it('counts a rank only within the scope in which it is held', () => {
    const held = (systemRole: string, where: GrantScope | null): Holding => ({
      systemRole,
      roleId: null,
      scope: where,
    });
    const department = (id: string): GrantScope => ({ kind: 'department', id });
    const mine = [held('admin', department('d1')), held('worker', null)];
    const own = new Map<string, RoleParts>();
    expect(rankWithin(mine, own, null, covers)).to.equal(100);
    expect(rankWithin(mine, own, department('d2'), covers)).to.equal(600);
    expect(rankWithin(mine, own, { kind: 'project', id: 'p1' }, covers)).to.equal(100);
  });

  it('ends a circle of roles where it closes', () => {
    const role = (id: string, parentId: string): RoleParts => ({
      id,
      code: id,
      parentId,
      systemParent: null,
      reach: 'self',
      grants: [],
      denies: [],
    });
    const all = new Map([role('a', 'b'), role('b', 'c'), role('c', 'a')].map((each) => [each.id, each]));
    expect(lineageOf(all.get('a'), all).map(({ id }) => id)).to.deep.equal(['a', 'b', 'c']);
  });
});

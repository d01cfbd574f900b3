import { expect } from 'chai';
import fc from 'fast-check';
import { isUnbounded, waysOf } from '../../../src/platform/access/allowance.ts';
import type { About } from '../../../src/platform/access/catalogue.ts';
import { createDecider, decide } from '../../../src/platform/access/decision.ts';
import { REACHES } from '../../../src/platform/access/principal.ts';
import type { Grant, Principal } from '../../../src/platform/access/principal.ts';

const PERMISSION = 'workforce:project:read';
const grant = (over: Partial<Grant> = {}): Grant => ({
  permission: PERMISSION,
  effect: 'grant',
  reach: 'self',
  role: 'r',
  ...over,
});
const scope = (id: string) => ({ kind: 'project' as const, id });

const anyGrant = fc.record({
  permission: fc.constantFrom(PERMISSION, 'workforce:*:read', '*:*:*', 'workforce:project:write', 'gate:*:*'),
  effect: fc.constantFrom('grant' as const, 'deny' as const),
  reach: fc.constantFrom(...REACHES),
  role: fc.constantFrom('a', 'b'),
  scope: fc.option(fc.constantFrom('p1', 'p2').map(scope), { nil: undefined }),
});

describe('a decision', () => {
  it('refuses what nobody granted', () => {
    expect(decide({ grants: [] }, PERMISSION, 'rows')).to.deep.equal({ allowed: false, because: 'NOT_GRANTED' });
    expect(decide({ grants: [grant({ permission: 'workforce:project:write' })] }, PERMISSION, 'rows').allowed).to.equal(
      false,
    );
  });

  it('keeps every way in which it is held: a wide reach in one project is none in the company', () => {
    const grants = [grant({ reach: 'reports', scope: scope('p1') }), grant({ reach: 'hierarchy', scope: scope('p2') })];
    const scoped = decide({ grants }, PERMISSION, 'rows');
    const wide = decide({ grants: [...grants, grant()] }, PERMISSION, 'rows');
    const ways = [
      { reach: 'hierarchy', scopes: [scope('p2')] },
      { reach: 'reports', scopes: [scope('p1')] },
    ];
    expect(scoped.allowed && waysOf(scoped)).to.deep.equal(ways);
    expect(wide.allowed && waysOf(wide)).to.deep.equal([{ reach: 'self', scopes: [] }, ...ways]);
  });

  it('lets a deny beat a grant: everywhere when it has no scope, in its scope when it has one', () => {
    expect(decide({ grants: [grant(), grant({ effect: 'deny' })] }, PERMISSION, 'rows')).to.deep.equal({
      allowed: false,
      because: 'DENIED',
    });
    const grants = [
      grant({ scope: scope('p1') }),
      grant({ scope: scope('p2') }),
      grant({ effect: 'deny', scope: scope('p1') }),
    ];
    expect(decide({ grants }, PERMISSION, 'rows')).to.deep.equal({
      allowed: true,
      reach: 'self',
      scopes: [scope('p2')],
      except: [scope('p1')],
    });
    expect(decide({ grants: grants.filter((one) => one.scope?.id === 'p1') }, PERMISSION, 'rows')).to.deep.equal({
      allowed: false,
      because: 'DENIED',
    });
  });

  it('holds a wider grant but for the scopes of denies, and keeps what is granted nearer', () => {
    const department = (id: string) => ({ kind: 'department' as const, id });
    const denied = grant({ effect: 'deny', scope: department('d1') });
    const wide = grant({ reach: 'company' });
    expect(decide({ grants: [wide, denied, denied] }, PERMISSION, 'rows')).to.deep.equal({
      allowed: true,
      reach: 'company',
      scopes: [],
      except: [department('d1')],
    });
    const nearer = grant({ scope: department('d2') });
    expect(decide({ grants: [wide, denied, nearer] }, PERMISSION, 'rows')).to.deep.equal({
      allowed: true,
      reach: 'company',
      scopes: [],
      further: [{ reach: 'self', scopes: [department('d2')] }],
      except: [department('d1')],
    });
    const bounds = { reach: 'company' as const, scopes: [] };
    expect(isUnbounded(bounds)).to.equal(true);
    expect(isUnbounded({ ...bounds, except: [department('d1')] })).to.equal(false);
  });

  it('never widens by a deny, a narrower token or fewer grants', () => {
    fc.assert(
      fc.property(fc.array(anyGrant, { maxLength: 8 }), anyGrant, (grants, extra) => {
        const before = decide({ grants }, PERMISSION, 'rows');
        const denied = decide({ grants: [...grants, { ...extra, effect: 'deny' as const }] }, PERMISSION, 'rows');
        const narrowed = decide({ grants, tokenScopes: ['gate:*:*'] }, PERMISSION, 'rows');
        if (!before.allowed) {
          expect(denied.allowed).to.equal(false);
          const fewer = decide({ grants: grants.filter((one) => one.effect === 'deny') }, PERMISSION, 'rows');
          expect(fewer.allowed).to.equal(false);
        }
        expect(narrowed).to.deep.equal({ allowed: false, because: 'TOKEN_SCOPE' });
      }),
    );
  });

  it('is remembered for its principal only', () => {
    const decider = createDecider(() => ({ [PERMISSION]: 'rows' }));
    const holder = { grants: [grant()] } as unknown as Principal;
    const other = { grants: [] } as unknown as Principal;
    expect([holder, other, holder].map((principal) => decider(principal, PERMISSION).allowed)).to.deep.equal([
      true,
      false,
      true,
    ]);
  });

  describe('about what no row bounds', () => {
    const of = (about: About | undefined, ...grants: Grant[]) => decide({ grants }, PERMISSION, about);
    const [scoped, wide] = [grant({ scope: scope('p1'), reach: 'company' }), grant({ reach: 'reports' })];
    const denied = grant({ effect: 'deny', scope: scope('p2') });

    it('is held for the company as a whole by a grant for all of it alone, and not where any scope denies it', () => {
      const held = { allowed: true, reach: 'reports', scopes: [] };
      expect(of('company', scoped)).to.deep.equal({ allowed: false, because: 'NEEDS_COMPANY' });
      expect(of('company', wide)).to.deep.equal(held);
      expect(of('company', scoped, wide)).to.deep.equal(held);
      expect(of('company', wide, denied)).to.deep.equal({ allowed: false, because: 'DENIED' });
      expect(of('company', scoped, denied)).to.deep.equal({ allowed: false, because: 'DENIED' });
      expect(of('company')).to.deep.equal({ allowed: false, because: 'NOT_GRANTED' });
    });

    it('is opened to everybody by a grant in any scope that is not denied in that very one', () => {
      const held = { allowed: true, reach: 'company', scopes: [] };
      expect(of('everybody', scoped)).to.deep.equal(held);
      expect(of('everybody', scoped, wide, denied)).to.deep.equal(held);
      const there = grant({ effect: 'deny', scope: scope('p1') });
      expect(of('everybody', scoped, there)).to.deep.equal({ allowed: false, because: 'DENIED' });
      expect(of('everybody', scoped, grant({ effect: 'deny' }))).to.deep.equal({ allowed: false, because: 'DENIED' });
      expect(of('everybody')).to.deep.equal({ allowed: false, because: 'NOT_GRANTED' });
    });

    it('is of the strictest kind where nobody said what it is about', () => {
      fc.assert(
        fc.property(fc.array(anyGrant, { maxLength: 8 }), (grants) => {
          const [unknown, strict] = [of(undefined, ...grants), of('company', ...grants)];
          expect(unknown).to.deep.equal(strict);
          if (strict.allowed)
            for (const about of ['rows', 'everybody'] as const) expect(of(about, ...grants).allowed).to.equal(true);
        }),
      );
    });
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { isUnbounded, waysOf } from '../../../src/platform/access/allowance.ts';
import { createDecider, decide, explain } from '../../../src/platform/access/decision.ts';
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
    expect(decide({ grants: [] }, PERMISSION)).to.deep.equal({ allowed: false, because: 'NOT_GRANTED' });
    expect(decide({ grants: [grant({ permission: 'workforce:project:write' })] }, PERMISSION).allowed).to.equal(false);
  });

  it('keeps every way in which it is held: a wide reach in one project is none in the company', () => {
    const grants = [grant({ reach: 'reports', scope: scope('p1') }), grant({ reach: 'hierarchy', scope: scope('p2') })];
    const scoped = decide({ grants }, PERMISSION);
    const wide = decide({ grants: [...grants, grant()] }, PERMISSION);
    const ways = [
      { reach: 'hierarchy', scopes: [scope('p2')] },
      { reach: 'reports', scopes: [scope('p1')] },
    ];
    expect(scoped.allowed && waysOf(scoped)).to.deep.equal(ways);
    expect(wide.allowed && waysOf(wide)).to.deep.equal([{ reach: 'self', scopes: [] }, ...ways]);
  });

  it('lets a deny beat a grant: everywhere when it has no scope, in its scope when it has one', () => {
    expect(decide({ grants: [grant(), grant({ effect: 'deny' })] }, PERMISSION)).to.deep.equal({
      allowed: false,
      because: 'DENIED',
    });
    const grants = [
      grant({ scope: scope('p1') }),
      grant({ scope: scope('p2') }),
      grant({ effect: 'deny', scope: scope('p1') }),
    ];
    expect(decide({ grants }, PERMISSION)).to.deep.equal({
      allowed: true,
      reach: 'self',
      scopes: [scope('p2')],
      except: [scope('p1')],
    });
    expect(decide({ grants: grants.filter((one) => one.scope?.id === 'p1') }, PERMISSION)).to.deep.equal({
      allowed: false,
      because: 'DENIED',
    });
  });

  it('holds a wider grant but for the scopes of denies, and keeps what is granted nearer', () => {
    const department = (id: string) => ({ kind: 'department' as const, id });
    const denied = grant({ effect: 'deny', scope: department('d1') });
    const wide = grant({ reach: 'company' });
    expect(decide({ grants: [wide, denied, denied] }, PERMISSION)).to.deep.equal({
      allowed: true,
      reach: 'company',
      scopes: [],
      except: [department('d1')],
    });
    const nearer = grant({ scope: department('d2') });
    expect(decide({ grants: [wide, denied, nearer] }, PERMISSION)).to.deep.equal({
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
        const before = decide({ grants }, PERMISSION);
        const denied = decide({ grants: [...grants, { ...extra, effect: 'deny' as const }] }, PERMISSION);
        const narrowed = decide({ grants, tokenScopes: ['gate:*:*'] }, PERMISSION);
        if (!before.allowed) {
          expect(denied.allowed).to.equal(false);
          const fewer = decide({ grants: grants.filter((one) => one.effect === 'deny') }, PERMISSION);
          expect(fewer.allowed).to.equal(false);
        }
        expect(narrowed).to.deep.equal({ allowed: false, because: 'TOKEN_SCOPE' });
      }),
    );
  });

  it('is remembered for its principal only', () => {
    const decider = createDecider();
    const holder = { grants: [grant()] } as unknown as Principal;
    const other = { grants: [] } as unknown as Principal;
    expect([holder, other, holder].map((principal) => decider(principal, PERMISSION).allowed)).to.deep.equal([
      true,
      false,
      true,
    ]);
  });

  it('is explained by the grants that matter', () => {
    const grants = [grant({ role: 'manager' }), grant({ permission: 'gate:*:*' })];
    expect(explain({ grants }, PERMISSION)).to.deep.equal({
      permission: PERMISSION,
      decision: { allowed: true, reach: 'self', scopes: [] },
      grants: [grants[0]],
    });
  });
});

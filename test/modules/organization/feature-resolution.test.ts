import { expect } from 'chai';
import * as fc from 'fast-check';
import { included, resolve } from '../../../src/modules/organization/features/resolution.ts';
import type {
  FeatureFacts,
  GrantFact,
  SubscriptionFact,
} from '../../../src/modules/organization/features/resolution.ts';

const NOTHING: FeatureFacts = {
  status: 'active',
  type: 'permission',
  onByDefault: false,
  plan: null,
  subscriptions: [],
  grants: [],
};
const SEAT: SubscriptionFact = { unit: 'seat_month', isLive: true, hasSeat: true };
const WHOLE: SubscriptionFact = { unit: 'company_month', isLive: true, hasSeat: false };
const PLAN = { byGrant: false, quota: null };

const grant = (values: Partial<GrantFact>): GrantFact => ({
  id: 'g',
  subject: 'profile',
  effect: 'allow',
  quota: null,
  byOperator: false,
  overtaken: false,
  depth: 0,
  ...values,
});
const because = (values: Partial<FeatureFacts>): string => resolve({ ...NOTHING, ...values }).because;
const allowed = (facts: FeatureFacts): boolean => resolve(facts).allowed;

const anyGrant: fc.Arbitrary<GrantFact> = fc.record({
  id: fc.uuid(),
  subject: fc.constantFrom('company', 'department', 'role', 'profile'),
  effect: fc.constantFrom('allow', 'allow', 'deny'),
  quota: fc.option(fc.integer({ min: 1, max: 9 })),
  byOperator: fc.boolean(),
  overtaken: fc.boolean(),
  depth: fc.integer({ min: 0, max: 3 }),
});
const anyFacts: fc.Arbitrary<FeatureFacts> = fc.record({
  status: fc.constantFrom('active', 'active', 'active', 'killed'),
  type: fc.constantFrom('permission', 'permission', 'release', 'kill_switch'),
  onByDefault: fc.boolean(),
  plan: fc.option(fc.record({ byGrant: fc.boolean(), quota: fc.option(fc.integer({ min: 1, max: 9 })) })),
  subscriptions: fc.array(
    fc.record({
      unit: fc.constantFrom('seat_month', 'company_month'),
      isLive: fc.boolean(),
      hasSeat: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  grants: fc.array(anyGrant, { maxLength: 5 }),
});
const without = (facts: FeatureFacts, effect: GrantFact['effect']): FeatureFacts => ({
  ...facts,
  grants: facts.grants.filter((one) => one.effect !== effect),
});

describe('who has a feature', () => {
  it('is decided by the nearest: killed, denied, profile, role, department, company, plan, subscription, default', () => {
    const everything = {
      onByDefault: true,
      subscriptions: [WHOLE],
      plan: PLAN,
      grants: [
        grant({ id: 'company', subject: 'company' }),
        grant({ id: 'department', subject: 'department', depth: 1 }),
        grant({ id: 'role', subject: 'role' }),
        grant({ id: 'profile' }),
        grant({ id: 'deny', subject: 'company', effect: 'deny' }),
      ],
    } as const;
    expect(because({ ...everything, status: 'killed' })).to.equal('KILLED');
    const told: string[] = [];
    for (let left = everything.grants.length; left >= 0; left -= 1) {
      const { because: reason, grantId } = resolve({
        ...NOTHING,
        ...everything,
        grants: everything.grants.slice(0, left),
      });
      told.push(`${reason} ${grantId}`);
    }
    expect(told).to.deep.equal([
      'DENIED deny',
      'PROFILE profile',
      'ROLE role',
      'DEPARTMENT department',
      'COMPANY company',
      'PLAN null',
    ]);
    expect(because({ onByDefault: true, subscriptions: [WHOLE] })).to.equal('SUBSCRIPTION');
    expect(because({ onByDefault: true })).to.equal('DEFAULT');
    expect(because({})).to.equal('NOT_GRANTED');
    expect(because({ type: 'kill_switch', onByDefault: true })).to.equal('DEFAULT');
  });

  it('and of departments by the deeper, of two alike by the one that allows more', () => {
    const of = (...grants: GrantFact[]) => resolve({ ...NOTHING, plan: PLAN, grants });
    const [high, deep] = [
      grant({ id: 'high', subject: 'department', depth: 1, quota: 9 }),
      grant({ id: 'deep', subject: 'department', depth: 2, quota: 1 }),
    ];
    expect(of(high, deep)).to.deep.include({ grantId: 'deep', quota: { person: 1, company: null } });
    const [five, endless] = [grant({ id: 'b', quota: 5 }), grant({ id: 'c' })];
    expect(of(grant({ id: 'a', quota: 3 }), five).grantId).to.equal('b');
    expect(of(five, endless)).to.deep.include({ grantId: 'c', quota: { person: null, company: null } });
  });

  it('what the company gives counts while the company has it; what the operator gives, also without', () => {
    const grants = [grant({})];
    const basis: [Partial<FeatureFacts>, string][] = [
      [{}, 'SUSPENDED'],
      [{ plan: { byGrant: true, quota: null } }, 'PROFILE'],
      [{ onByDefault: true }, 'PROFILE'],
      [{ subscriptions: [WHOLE] }, 'PROFILE'],
      [{ subscriptions: [SEAT] }, 'PROFILE'],
      [{ subscriptions: [{ ...SEAT, hasSeat: false }] }, 'SUSPENDED'],
      [{ grants: [...grants, grant({ id: 'o', subject: 'company', byOperator: true })] }, 'PROFILE'],
      [{ grants: [...grants, grant({ id: 'o', subject: 'role', byOperator: true })] }, 'ROLE'],
      [{ grants: [grant({ byOperator: true })] }, 'PROFILE'],
      [{ grants: [grant({ byOperator: true, overtaken: true })] }, 'SUSPENDED'],
      [{ grants: [grant({ byOperator: true, overtaken: true })], subscriptions: [WHOLE] }, 'PROFILE'],
    ];
    for (const [facts, reason] of basis) expect(because({ grants, ...facts }), JSON.stringify(facts)).to.equal(reason);
    expect(because({ plan: { byGrant: true, quota: null } })).to.equal('NOT_GRANTED');
    expect(because({ subscriptions: [{ ...SEAT, hasSeat: false }] })).to.equal('NOT_GRANTED');
    expect(included({ ...NOTHING, subscriptions: [{ ...SEAT, hasSeat: false }] }).because).to.equal('SUBSCRIPTION');
  });

  it('a company never uses more than it bought, whatever it gives itself', () => {
    const quotaOf = (bought: Partial<FeatureFacts>, ...grants: GrantFact[]) =>
      resolve({ ...NOTHING, ...bought, grants: [...(bought.grants ?? []), ...grants] }).quota;
    const plan = { byGrant: false, quota: 7 };
    expect(quotaOf({ plan })).to.deep.equal({ person: null, company: 7 });
    expect(quotaOf({ plan }, grant({ quota: 9 }))).to.deep.equal({ person: 9, company: 7 });
    expect(quotaOf({ plan }, grant({ subject: 'company', quota: 9 })).company).to.equal(7);
    expect(quotaOf({ plan }, grant({ subject: 'company', quota: 2 })).company).to.equal(2);
    const sold = grant({ id: 'o', subject: 'company', byOperator: true, quota: 20 });
    expect(quotaOf({ plan, grants: [sold] }, grant({ subject: 'company' })).company).to.equal(20);
    expect(included({ ...NOTHING, plan, grants: [grant({ subject: 'company', quota: 2 })] }).quota).to.equal(2);
  });

  it('is nobody where it is killed or denied, and no allowing grant ever takes it away', () => {
    fc.assert(
      fc.property(anyFacts, anyGrant, (facts, another) => {
        const isDenied = facts.grants.some(({ effect }) => effect === 'deny') && facts.type !== 'kill_switch';
        if (facts.status === 'killed' || isDenied) expect(allowed(facts)).to.equal(false);
        if (allowed(facts)) {
          const more = { ...facts, grants: [...facts.grants, { ...another, effect: 'allow' as const }] };
          expect(allowed(more)).to.equal(true);
          expect(allowed(without(facts, 'deny'))).to.equal(true);
        }
      }),
    );
  });

  it('is decided alike in whatever order the facts come', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const turned = { ...facts, grants: facts.grants.toReversed(), subscriptions: facts.subscriptions.toReversed() };
        expect(resolve(turned)).to.deep.equal(resolve(facts));
      }),
    );
  });

  it('a subscription that is no longer in force suspends what was given, and gives all of it back when it returns', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const grants = without(facts, 'deny').grants.map((one) => ({ ...one, overtaken: true }));
        const live = { ...facts, grants, status: 'active' as const, subscriptions: [WHOLE] };
        const lapsed = { ...live, subscriptions: [{ ...WHOLE, isLive: false }] };
        const after = resolve(lapsed);
        const kept = { ...lapsed, grants: [] };
        expect(after.allowed).to.equal(
          allowed(kept) || (live.plan !== null && live.grants.some((one) => !one.byOperator)),
        );
        if (!after.allowed) expect(after.because).to.equal(live.grants.length > 0 ? 'SUSPENDED' : 'NOT_GRANTED');
        expect(resolve({ ...lapsed, subscriptions: live.subscriptions })).to.deep.equal(resolve(live));
      }),
    );
  });
});

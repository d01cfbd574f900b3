import { expect } from 'chai';
import * as fc from 'fast-check';
import { REQUIREMENT_KINDS } from '../../../../src/modules/fitness/classification/policy.ts';
import { planTests, RANDOM_ONE_IN } from '../../../../src/modules/fitness/requirements/plan.ts';
import type { ShiftFacts } from '../../../../src/modules/fitness/ports.ts';
import { HOUR } from '../company.ts';

const START = Date.parse('2026-05-01T11:00:00Z');

const shift = (given: Partial<ShiftFacts> = {}): ShiftFacts => ({
  id: 'shift',
  profileId: 'profile',
  projectId: 'project',
  siteId: null,
  workDate: '2026-05-01',
  kind: 'day',
  startsAt: new Date(START).toISOString(),
  endsAt: new Date(START + 12 * HOUR).toISOString(),
  actualStartAt: null,
  actualEndAt: null,
  status: 'planned',
  ...given,
});

const random = { kind: 'random', test: 'PVT-B', windowMinutes: 30, graceMinutes: 10 } as const;

describe('tests that a shift requires', () => {
  const rule = fc.record({
    kind: fc.constantFrom(...REQUIREMENT_KINDS),
    test: fc.constantFrom('PVT-B', 'OCULAR'),
    windowMinutes: fc.integer({ min: 1, max: 1440 }),
    graceMinutes: fc.integer({ min: 0, max: 240 }),
  });

  it('have a window before they are due, and are missed no earlier than their grace ends', () => {
    fc.assert(
      fc.property(
        fc.array(rule),
        fc.constantFrom('day', 'night'),
        fc.boolean(),
        fc.uuid(),
        (required, kind, highRisk, id) => {
          for (const test of planTests(shift({ kind, id }), { required }, { highRisk, seed: 'seed' })) {
            expect(test.windowFrom).to.be.lessThan(test.dueAt);
            expect(test.dueAt).to.be.at.most(test.graceUntil);
            expect(test.missAt).to.be.at.least(test.graceUntil);
            expect(test.dueAt).to.be.within(START, START + 12 * HOUR);
            if (highRisk) expect(test.missAt).to.equal(test.graceUntil);
            if (test.kind === 'mid_shift') expect([kind, test.dueAt]).to.deep.equal(['night', START + 6 * HOUR]);
            expect(['pre_shift', 'mid_shift', 'random']).to.include(test.kind);
          }
        },
      ),
    );
  });

  it('at random come in one shift of ten, the same ones whenever they are drawn, others for another seed', () => {
    const drawnFor = (seed: string) =>
      Array.from({ length: 4_000 }, (_, index) => shift({ id: `shift-${index}` })).flatMap((each) =>
        planTests(each, { required: [random] }, { highRisk: false, seed }).map(({ dueAt }) => `${each.id} ${dueAt}`),
      );
    const first = drawnFor('a');
    expect(first).to.deep.equal(drawnFor('a'));
    expect(first).to.not.deep.equal(drawnFor('b'));
    expect(first.length * RANDOM_ONE_IN).to.be.within(3_400, 4_600);
    expect(new Set(first.map((each) => each.split(' ')[1])).size).to.be.greaterThan(100);
  });
});

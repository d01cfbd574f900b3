import { expect } from 'chai';
import * as fc from 'fast-check';
import { REQUIREMENT_KINDS } from '../../../../src/modules/fitness/classification/policy.ts';
import { createDraw } from '../../../../src/modules/fitness/requirements/draw.ts';
import { planTests } from '../../../../src/modules/fitness/requirements/plan.ts';
import type { ShiftFacts } from '../../../../src/modules/fitness/ports.ts';
import { createKeyRing } from '../../../../src/platform/crypto/key-ring.ts';
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

/** The same numbers in every run: the keys are fixed. */
const drawOf = (byte: number) => createDraw(createKeyRing([{ id: 'k', bytes: Buffer.alloc(32, byte) }]));
const companyId = 'company';
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
        (required, kind, isHeld, profileId) => {
          for (const test of planTests(
            shift({ kind, profileId }),
            { required, randomOneIn: 2 },
            { isHeld: () => isHeld, companyId, draw: drawOf(1) },
          )) {
            expect(test.windowFrom).to.be.lessThan(test.dueAt);
            expect(test.dueAt).to.be.at.most(test.graceUntil);
            expect(test.missAt).to.be.at.least(test.graceUntil);
            expect(test.dueAt).to.be.within(START, START + 12 * HOUR);
            if (isHeld) expect(test.missAt).to.equal(test.graceUntil);
            if (test.kind === 'mid_shift') expect([kind, test.dueAt]).to.deep.equal(['night', START + 6 * HOUR]);
            expect(['pre_shift', 'mid_shift', 'random']).to.include(test.kind);
          }
        },
      ),
    );
  });

  describe('at random', () => {
    const DAYS = 40;
    const PEOPLE = 250;
    const shifts = Array.from({ length: DAYS * PEOPLE }, (_, n) =>
      shift({ id: `shift-${n}`, profileId: `profile-${n % PEOPLE}`, workDate: `day-${Math.floor(n / PEOPLE)}` }),
    );
    const planned = (each: ShiftFacts, byte: number, randomOneIn = 10, company = companyId) =>
      planTests(
        each,
        { required: [random], randomOneIn },
        { isHeld: () => false, companyId: company, draw: drawOf(byte) },
      ).map(({ dueAt }) => dueAt);
    const drawn = (byte: number, company?: string) => shifts.map((each) => planned(each, byte, 10, company)[0]);
    const first = drawn(1);
    const hits = (due: readonly (number | undefined)[]) => due.flatMap((at, n) => (at === undefined ? [] : [n]));

    it('come in one shift of ten, or of as many as the policy says, on every day and for everybody alike', () => {
      expect(hits(first).length).to.be.within(900, 1_100);
      const among = (by: (n: number) => number, groups: number) =>
        Array.from({ length: groups }, (_, group) => hits(first).filter((n) => by(n) === group).length);
      for (const count of among((n) => Math.floor(n / PEOPLE), DAYS)) expect(count).to.be.within(8, 45);
      for (const count of among((n) => n % PEOPLE, PEOPLE)) expect(count).to.be.at.most(14);
      expect(shifts.filter((each) => planned(each, 1, 2).length > 0).length).to.be.within(4_800, 5_200);
      expect(shifts.slice(0, 200).every((each) => planned(each, 1, 1).length === 1)).to.equal(true);
    });

    it('come at any time of a shift but its beginning and end', () => {
      const parts = first.flatMap((at) => (at === undefined ? [] : [(at - START) / (12 * HOUR)]));
      for (const part of parts) expect(part).to.be.within(0.149, 0.851);
      const quarter = (from: number) => parts.filter((part) => part >= from && part < from + 0.175).length;
      for (const from of [0.15, 0.325, 0.5, 0.675]) expect(quarter(from) / parts.length).to.be.within(0.2, 0.3);
    });

    it('are the same whenever they are drawn, for the day whatever the shift', () => {
      expect(drawn(1)).to.deep.equal(first);
      const n = hits(first)[0]!;
      const { profileId, workDate } = shifts[n]!;
      expect(planned(shift({ id: 'another', profileId, workDate }), 1)).to.deep.equal([first[n]]);
    });

    it('tell nothing without the key: under another one, and in another company, they are others', () => {
      for (const other of [drawn(2), drawn(1, 'another company')]) {
        const both = hits(other).filter((n) => first[n] !== undefined).length;
        expect(both).to.be.within(60, 140);
        const same = hits(other).filter((n) => other[n] === first[n]).length;
        expect(same).to.be.lessThan(5);
      }
    });

    it('are drawn apart from reviews of the same words', () => {
      const draw = drawOf(1);
      const words = Array.from({ length: 1_000 }, (_, n) => `word-${n}`);
      const [tests, reviews] = (['random', 'review'] as const).map((purpose) =>
        words.filter((word) => draw(purpose, word) < 0.1),
      );
      expect(reviews!.length).to.be.within(60, 140);
      expect(reviews!.filter((word) => tests!.includes(word)).length).to.be.lessThan(30);
      expect(draw('random', 'a', 'bc')).to.not.equal(draw('random', 'ab', 'c'));
    });
  });
});

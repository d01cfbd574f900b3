import { expect } from 'chai';
import fc from 'fast-check';
import { codeFor } from '../../../../src/modules/identity/otp/otp.jobs.ts';
import { waitFor } from '../../../../src/modules/identity/otp/otp.rules.ts';
import { randomRing } from '../../../support/companies.ts';

const NOW = new Date('2026-05-01T12:00:00Z');
const ago = (...seconds: number[]): Date[] => seconds.map((s) => new Date(NOW.getTime() - s * 1000));

describe('how often a code may be asked for', () => {
  const cases: [title: string, asked: Date[], seconds: number][] = [
    ['at once, the first time', [], 0],
    ['after the rest of a minute', ago(20), 40],
    ['at once, after a minute', ago(60), 0],
    ['four in an hour leave one', ago(100, 200, 300, 400), 0],
    ['not a sixth in an hour', ago(100, 200, 300, 400, 1_000), 2_600],
    ['not an eleventh in a day', ago(...Array.from({ length: 10 }, (_, i) => 4_000 + i * 3_000)), 86_400 - 31_000],
  ];
  for (const [title, asked, seconds] of cases)
    it(title, () => {
      expect(waitFor(asked, NOW)).to.equal(seconds);
    });

  it('never lets more than 1 a minute, 5 an hour and 10 a day through', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 7_200 }), { maxLength: 60 }), (gaps) => {
        const sent: number[] = [];
        let clock = NOW.getTime();
        for (const gap of gaps) {
          clock += gap * 1000;
          const newestFirst = sent.toReversed().map((at) => new Date(at));
          if (waitFor(newestFirst, new Date(clock)) === 0) sent.push(clock);
        }
        const within = (ms: number) =>
          Math.max(0, ...sent.map((at) => sent.filter((other) => other > at - ms && other <= at).length));
        return within(60_000) <= 1 && within(3_600_000) <= 5 && within(86_400_000) <= 10;
      }),
    );
  });
});

describe('codes', () => {
  it('have six digits, are the same on every try of a delivery and others under another key', () => {
    const ring = randomRing();
    const codes = Array.from({ length: 200 }, (_, i) => codeFor(ring, `row-${i}`));
    for (const code of codes) expect(code).to.match(/^\d{6}$/);
    expect(new Set(codes)).to.have.property('size').greaterThan(190);
    expect(codes.map((_, i) => codeFor(ring, `row-${i}`))).to.deep.equal(codes);
    expect(codeFor(randomRing(), 'row-1')).to.not.equal(codes[1]);
  });
});

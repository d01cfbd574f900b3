import { expect } from 'chai';
import { rankTest } from './rank-test.ts';

describe('rank test', () => {
  // By hand: U = 0, sd = sqrt(5 * 5 * 11 / 12) = 4.787, z = 12 / 4.787 = 2.507.
  it('tells samples apart that do not overlap', () => {
    expect(rankTest([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).to.be.closeTo(0.01219, 1e-5);
    expect(rankTest([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])).to.be.closeTo(0.01219, 1e-5);
  });

  // By hand: ranks 2, 2, 2 and 5.5, U = 1.5; ties 24 + 60; sd = sqrt(16 / 12 * (9 - 84 / 56)) = 3.162, z = 6 / 3.162.
  it('gives those that are equal one rank', () => {
    expect(rankTest([1, 1, 1, 2], [2, 2, 2, 3])).to.be.closeTo(0.05778, 1e-5);
  });

  it('finds nothing between samples of one kind, nor in one single value', () => {
    const [even, odd] = [0, 1].map((first) => Array.from({ length: 500 }, (_, n) => 2 * n + first));
    expect(rankTest(even!, odd!)).to.be.greaterThan(0.9);
    expect(rankTest([7, 7, 7], [7, 7])).to.equal(1);
  });

  it('finds a shift by a tenth of the spread among five hundred', () => {
    const values = Array.from({ length: 500 }, (_, n) => n);
    expect(
      rankTest(
        values,
        values.map((value) => value + 50),
      ),
    ).to.be.lessThan(0.0017);
  });
});

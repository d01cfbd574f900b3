import { expect } from 'chai';
import Type from 'typebox';
import { day, exact } from '../../../src/platform/schema/types.ts';
import { createValidator } from '../../../src/platform/schema/validator.ts';

describe('faults of a value', () => {
  const check = createValidator().compile(Type.Array(exact({ from: day() }), { maxItems: 10 }));

  it('name a day that is out of bounds by its bound, and one that is none by its form alone', () => {
    expect(check([{ from: '1800-01-01' }, { from: 'yesterday' }, { from: '9999-01-01' }])).to.deep.equal([
      { pointer: '/0/from', code: 'formatMinimum', params: { limit: '1900-01-01' } },
      { pointer: '/1/from', code: 'format', params: { limit: 'date' } },
      { pointer: '/2/from', code: 'formatMaximum', params: { limit: '9998-12-31' } },
    ]);
  });

  // One request holds up all others meanwhile: each fault compared to every other, 1 MiB took 10 s, and this takes minutes.
  it('are found without comparing each to every other', () => {
    const wrong = Array.from({ length: 140_000 }, (_, n) => ({ from: '1800-01-01', [`x${n}`]: n }));
    expect(check(wrong)).to.have.length(50);
  });
});

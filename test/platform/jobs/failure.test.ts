import { expect } from 'chai';
import { describeFailure } from '../../../src/platform/jobs/failure.ts';
import { conflict } from '../../../src/platform/problem.ts';

describe('what is kept of a failure', () => {
  it('names class and code, and the first line of the message', () => {
    expect(describeFailure(Object.assign(new RangeError('too far\nat home'), { code: 'EFAR' }))).to.equal(
      'RangeError EFAR: too far',
    );
    expect(describeFailure(conflict('ALREADY_CLOSED'))).to.equal('Problem: ALREADY_CLOSED');
    expect(describeFailure('just a text')).to.equal('string');
  });

  it('keeps no personal value and no credential', () => {
    const kept = describeFailure(
      new Error(
        'Key (email)=(ana@example.cl) for "ana@example.cl" 12.345.678-K +56 9 8765 4321 name: "Ana Rojas" Bearer abcdefgh1234',
      ),
    );
    for (const value of ['ana@', '12.345', '8765', 'Rojas', 'abcdefgh']) expect(kept).to.not.include(value);
    expect(kept).to.match(/^Error: Key …/);
  });

  it('is short', () => {
    expect(describeFailure(new Error('x'.repeat(5_000)))).to.have.length.below(320);
  });
});

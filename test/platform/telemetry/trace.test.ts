import { expect } from 'chai';
import { formatTraceparent, parseTraceparent, startSpan } from '../../../src/platform/telemetry/trace.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

describe('trace context', () => {
  it('reads the examples of the recommendation', () => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).to.deep.equal({ traceId, spanId, sampled: true });
    expect(parseTraceparent(`00-${traceId}-${spanId}-00`)?.sampled).to.equal(false);
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-the-future-brings`)).to.deep.equal({
      traceId,
      spanId,
      sampled: true,
    });
  });

  for (const [fault, header] of [
    ['nothing', undefined],
    ['an empty text', ''],
    ['version ff', `ff-${traceId}-${spanId}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['a short id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['more fields in version 00', `00-${traceId}-${spanId}-01-x`],
    ['more digits', `cc-${traceId}-${spanId}-01.x`],
  ] as const) {
    it(`does not take ${fault}`, () => expect(parseTraceparent(header)).to.equal(undefined));
  }

  it('keeps the trace over every hop, with a new span each', () => {
    const first = startSpan();
    const second = startSpan(parseTraceparent(formatTraceparent(first)));
    expect(second.traceId).to.equal(first.traceId);
    expect(second.spanId).not.to.equal(first.spanId);
    expect(parseTraceparent(formatTraceparent(second))).to.deep.equal(second);
    expect(startSpan().traceId).not.to.equal(first.traceId);
    expect(formatTraceparent({ traceId, spanId, sampled: true })).to.equal(`00-${traceId}-${spanId}-01`);
  });
});

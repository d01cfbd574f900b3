import { expect } from 'chai';
import { createTracer, NO_TRACER } from '../../../src/platform/telemetry/tracer.ts';
import type { Tracer } from '../../../src/platform/telemetry/tracer.ts';
import { startCollector } from '../../support/collector.ts';
import type { Collector } from '../../support/collector.ts';
import { spansIn } from '../../support/spans.ts';

describe('the tracer', () => {
  let collector: Collector;
  let troubles: string[];
  let tracer: Tracer;
  beforeEach(async () => {
    collector = await startCollector();
    troubles = [];
    tracer = createTracer({
      endpoint: `${collector.url}/otel/`,
      headers: 'api-key=s%20e=c, other=y',
      resource: { 'service.name': 'angelis-test' },
      onTrouble: (error, dropped) => troubles.push(`${String(error)} (${dropped})`),
    });
  });
  afterEach(() => collector.stop());

  it('sends spans with their times, kinds, parents and attributes as OTLP in JSON', async () => {
    const traceId = 'ab'.repeat(16);
    const parentId = 'cd'.repeat(8);
    const before = Date.now();
    await tracer.span(
      { name: 'outer', kind: 'server', traceId, parentId, attributes: { route: '/x', status: 200 } },
      () => tracer.span({ name: 'inner', kind: 'client' }, () => Promise.resolve()),
    );
    await tracer.flush();
    expect(collector.received).to.have.length(1);
    const { path, headers, body } = collector.received[0]!;
    expect(path).to.equal('/otel/v1/traces');
    expect(headers).to.include({ 'api-key': 's e=c', other: 'y', 'content-type': 'application/json' });
    const { resourceSpans } = JSON.parse(body) as { resourceSpans: { resource: object }[] };
    expect(resourceSpans[0]?.resource).to.deep.equal({
      attributes: [{ key: 'service.name', value: { stringValue: 'angelis-test' } }],
    });
    const [inner, outer] = spansIn(collector);
    expect(outer).to.include({ traceId, parentSpanId: parentId, name: 'outer', kind: 2 });
    expect(outer!.attributes).to.deep.equal([
      { key: 'route', value: { stringValue: '/x' } },
      { key: 'status', value: { doubleValue: 200 } },
    ]);
    expect(inner).to.include({ traceId, parentSpanId: outer!.spanId, name: 'inner', kind: 3 });
    expect(outer!.spanId).to.match(/^[\da-f]{16}$/);
    const from = Number(BigInt(outer!.startTimeUnixNano) / 1_000_000n);
    expect(from).to.be.within(before - 50, Date.now() + 50);
    expect(BigInt(outer!.endTimeUnixNano) >= BigInt(inner!.endTimeUnixNano)).to.equal(true);
  });

  it('marks what failed by class or code, never by message', async () => {
    const work = tracer.span({ name: 'fails', kind: 'internal' }, () => Promise.reject(new RangeError('ana@mina.cl')));
    expect(await work.catch((error: unknown) => error)).to.be.instanceOf(RangeError);
    await tracer.flush();
    const [span] = spansIn(collector);
    expect(span).to.deep.include({ status: { code: 2 } });
    expect(span!.attributes).to.deep.equal([{ key: 'error.type', value: { stringValue: 'RangeError' } }]);
    expect(collector.received[0]?.body).to.not.contain('mina');
  });

  it('keeps work beside other work apart', async () => {
    await Promise.all(
      ['a', 'b'].map((name) =>
        tracer.span({ name, kind: 'consumer', traceId: name.repeat(32) }, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          await tracer.span({ name: `in ${name}`, kind: 'client' }, () => Promise.resolve());
        }),
      ),
    );
    await tracer.flush();
    const spans = spansIn(collector);
    for (const name of ['a', 'b']) {
      const outer = spans.find((span) => span.name === name)!;
      expect(spans.find((span) => span.name === `in ${name}`)).to.include({
        traceId: name.repeat(32),
        parentSpanId: outer.spanId,
      });
      expect(outer.parentSpanId).to.equal(undefined);
    }
  });

  it('drops what is too much or does not arrive, and says so once', async () => {
    collector.answer({ status: 400 });
    for (let n = 0; n < 6_000; n += 1) tracer.start({ name: 'flood', kind: 'internal' }).end();
    await tracer.flush();
    expect(collector.received).to.have.length(10);
    expect(troubles).to.deep.equal(['Error: it answers 400 (1500)']);
  });

  it('measures nothing where no collector is set', async () => {
    expect(await NO_TRACER.span({ name: 'x', kind: 'internal' }, () => Promise.resolve(7))).to.equal(7);
    expect(NO_TRACER.start({ name: 'x', kind: 'internal' }).run(() => 8)).to.equal(8);
    await NO_TRACER.flush();
  });
});

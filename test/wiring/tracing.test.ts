import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { traceMessages } from '../../src/wiring/tracing.ts';
import { createTracer } from '../../src/platform/telemetry/tracer.ts';
import { startCollector } from '../support/collector.ts';
import type { Collector } from '../support/collector.ts';
import { addCompany } from '../support/companies.ts';
import { startProcess } from '../support/process.ts';
import type { TestProcess } from '../support/process.ts';
import { spansIn } from '../support/spans.ts';
import type { SentSpan } from '../support/spans.ts';

describe('a process with a collector of traces', () => {
  let collector: Collector;
  let running: TestProcess;

  before(async function start() {
    this.timeout(30_000);
    collector = await startCollector();
    running = await startProcess({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  });
  after(async () => {
    await running.stop();
    await collector.stop();
  });

  const waitFor = async (wanted: (span: SentSpan) => boolean): Promise<SentSpan> => {
    for (;;) {
      const found = spansIn(collector).find(wanted);
      if (found !== undefined) return found;
      await sleep(50);
    }
  };
  const textOf = (span: SentSpan, key: string) => span.attributes.find((one) => one.key === key)?.value.stringValue;

  it('tells of a request below its caller, and of the transactions in it', async () => {
    const traceId = 'ab'.repeat(16);
    const answer = await fetch(`${running.api}/angelis/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-${'cd'.repeat(8)}-01` },
      body: JSON.stringify({ identifier: 'ana@example.com', password: 'a password of hers' }),
    });
    expect(answer.headers.get('x-request-id')).to.equal(traceId);
    const request = await waitFor((span) => span.traceId === traceId && span.kind === 2);
    expect(request).to.include({ name: 'POST /angelis/auth/sign-in', parentSpanId: 'cd'.repeat(8) });
    expect(textOf(request, 'http.route')).to.equal('/angelis/auth/sign-in');
    const transaction = await waitFor((span) => span.traceId === traceId && span.name.startsWith('postgresql'));
    expect(transaction).to.include({ parentSpanId: request.spanId, kind: 3 });
    expect(collector.received.map(({ body }) => body).join('')).to.not.match(/ana@example|a password of hers/);
  });

  it('leaves out what the caller does not sample', async () => {
    const traceId = 'ef'.repeat(16);
    const headers = { traceparent: `00-${traceId}-${'cd'.repeat(8)}-00` };
    await fetch(`${running.api}/angelis/health/live`, { headers });
    await fetch(`${running.api}/angelis/health/live`);
    await waitFor((span) => span.name === 'GET /angelis/health/live');
    expect(spansIn(collector).some((span) => span.traceId === traceId)).to.equal(false);
  });

  it('tells of a job in the trace that asked for it', async () => {
    const traceId = '12'.repeat(16);
    const client = await running.database.superuser();
    await client.query(
      `insert into outbox (company_id, id, job, payload, trace_id, run_at, state, created_at)
       values ($1, $2, 'notifications.delivery.send', '{"deliveryId":"none"}', $3, $4, 'waiting', $4)`,
      [await addCompany(running.database), uuidv7(), traceId, new Date()],
    );
    const job = await waitFor((span) => span.traceId === traceId && span.kind === 5);
    expect(job.name).to.equal('job notifications.delivery.send');
    expect(job.status).to.deep.equal({ code: 2 });
    expect((await waitFor((span) => span.parentSpanId === job.spanId)).name).to.match(/^postgresql/);
  });

  it('tells of mail and text messages, without what they say', async () => {
    const tracer = createTracer({ endpoint: collector.url, resource: {}, onTrouble: () => undefined });
    const send = () => Promise.resolve({ providerId: 'x' });
    const { mailer, sms } = traceMessages(tracer, { mailer: { send }, sms: { send } });
    const mail = { to: 'ana@example.com', subject: 'Aviso', text: 'Hola', html: 'Hola', messageId: 'x@y' };
    expect(await mailer.send(mail)).to.deep.equal({ providerId: 'x' });
    await sms.send({ id: 'x', to: '+56911111111', text: 'Hola' });
    await tracer.flush();
    expect(await waitFor(({ name }) => name === 'send mail')).to.include({ kind: 3 });
    expect(await waitFor(({ name }) => name === 'send sms')).to.deep.include({ attributes: [] });
  });
});

import { expect } from 'chai';
import { createErrorReporter } from '../../../src/platform/telemetry/error-reporter.ts';
import { createLogging } from '../../../src/platform/telemetry/logger.ts';
import { startCollector } from '../../support/collector.ts';
import type { Collector } from '../../support/collector.ts';

interface Event {
  readonly event_id: string;
  readonly level: string;
  readonly release: string;
  readonly environment: string;
  readonly logentry: { formatted: string };
  readonly tags: Record<string, string>;
  readonly contexts?: { trace: { trace_id: string } };
  readonly exception: {
    values: {
      type: string;
      value: string;
      stacktrace: { frames: { filename: string; in_app: boolean; lineno: number }[] };
    }[];
  };
}

describe('the error reporter', () => {
  let collector: Collector;
  let troubles: string[];
  beforeEach(async () => {
    collector = await startCollector();
    troubles = [];
  });
  afterEach(() => collector.stop());

  const start = async (dsn = `${collector.url.replace('//', '//thekey@')}/sub/42`) => {
    const errors = createErrorReporter({
      dsn,
      environment: 'staging',
      release: '1.2.3',
      onTrouble: (error, dropped) => troubles.push(`${String(error)} (${dropped})`),
    });
    return createLogging({ level: 'info', errors, stream: { write: () => undefined } });
  };
  const events = (): Event[] => collector.received.map(({ body }) => JSON.parse(body.split('\n')[2]!) as Event);

  it('sends what is logged as an error as an envelope, with its causes, frames and trace', async () => {
    const { log, close } = await start();
    log.warn('only a warning');
    const cause = Object.assign(new RangeError('out of range'), { code: '22003' });
    log.error({ err: new TypeError('no such thing', { cause }), traceId: 'a'.repeat(32), job: 'x.y' }, 'a job failed');
    await close();
    expect(collector.received).to.have.length(1);
    const [{ path, headers, body }] = collector.received as [(typeof collector.received)[0]];
    expect(path).to.equal('/sub/api/42/envelope/');
    expect(headers['x-sentry-auth']).to.equal(
      'Sentry sentry_version=7, sentry_client=angelis/1.2.3, sentry_key=thekey',
    );
    const [head, item, event] = body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(item).to.deep.equal({ type: 'event', length: Buffer.byteLength(body.split('\n')[2]!) });
    expect(head!['event_id'])
      .to.match(/^[\da-f]{32}$/)
      .and.to.equal(event!['event_id']);
    const [sent] = events() as [Event];
    expect(sent).to.include({ level: 'error', environment: 'staging', release: 'angelis@1.2.3' });
    expect(sent.logentry.formatted).to.equal('a job failed');
    expect(sent.tags).to.deep.equal({ job: 'x.y' });
    expect(sent.contexts?.trace.trace_id).to.equal('a'.repeat(32));
    expect(sent.exception.values.map(({ type, value }) => [type, value])).to.deep.equal([
      ['RangeError', '22003: out of range'],
      ['TypeError', 'no such thing'],
    ]);
    const { frames } = sent.exception.values[1]!.stacktrace;
    const own = frames.findLast(({ in_app: isOurs }) => isOurs)!;
    expect(own.filename).to.match(/test\/platform\/telemetry\/error-reporter\.test\.ts$/);
    expect(own.lineno).to.be.greaterThan(0);
  });

  it('tells nothing about a person, and no secret', async () => {
    const { log, close } = await start();
    const personal = [
      'Key (email)=(ana.rojas@mina.cl) already exists',
      'no mail to ana.rojas@mina.cl',
      'RUT 12.345.678-5 is taken, so is 12345678-5',
      'call +56 9 8765 4321 at once',
      'value "Macarena Rojas" does not fit',
      "no such user 'Macarena'",
      'Bearer abcdefghijklmnop was refused',
      'postgres://app:hunter2hunter2@db/angelis is gone',
    ];
    for (const text of personal)
      log.error({ err: new Error(text), password: 'hunter2', body: { name: 'Macarena' }, profile: 'Rojas' }, text);
    log.error({ err: new Error('no row 0193b2f0-1111-7000-8000-000000000001') }, 'lost');
    await close();
    const told = collector.received.map(({ body }) => body).join('\n');
    expect(collector.received).to.have.length(personal.length + 1);
    for (const secret of ['ana.rojas', 'mina.cl', '345', '8765', 'Macarena', 'Rojas', 'abcdefghijklmnop', 'hunter2'])
      expect(told.replaceAll(/"(?:lineno|colno|event_id|timestamp|sent_at|length)":[^,}]*/gu, '')).to.not.contain(
        secret,
      );
    expect(told).to.contain('no row 0193b2f0-1111-7000-8000-000000000001');
  });

  it('drops what is too much, and what the service does not take; says so once', async () => {
    collector.answer({ status: 429, headers: { 'retry-after': '3600' } });
    const { log, close } = await start();
    for (let n = 0; n < 300; n += 1) log.error({ err: new Error('flood') }, 'flood');
    await close();
    expect(collector.received).to.have.length(1);
    expect(troubles).to.deep.equal(['TooBusy: it answers 429 and asks for 3600 s (200)']);
    collector.answer({ status: 200 });
    log.error({ err: new Error('still quiet') }, 'flood');
    await close();
    expect(collector.received).to.have.length(1);
  });

  it('neither throws nor waits for ever when nobody answers', async () => {
    const { log, close } = await start('http://thekey@127.0.0.1:9/1');
    log.fatal({ err: new Error('the end') }, 'the process ends');
    await close();
    expect(troubles).to.have.length(1);
  });
});

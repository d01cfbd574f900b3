import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLogging, logEvent } from '../../../src/platform/telemetry/logger.ts';
import type { LoggerOptions, Logging } from '../../../src/platform/telemetry/logger.ts';

const capture = async (
  options: Partial<LoggerOptions> = {},
): Promise<Logging & { lines: Record<string, unknown>[]; text: () => string }> => {
  const written: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const stream = {
    write: (line: string): void => {
      written.push(line);
      const parsed: unknown = JSON.parse(line);
      lines.push(Object.fromEntries(Object.entries(parsed ?? {})));
    },
  };
  return { ...(await createLogging({ level: 'info', stream, ...options })), lines, text: () => written.join('') };
};

describe('log', () => {
  it('is one JSON object a line, with level and time in words', async () => {
    const { log, lines } = await capture();
    log.debug('hidden');
    log.child({ traceId: 'abc' }).warn({ queue: 'mail' }, 'slow');
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ level: 'warn', traceId: 'abc', queue: 'mail', msg: 'slow' });
    expect(lines[0]?.['time']).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/u);
  });

  it('redacts keys that sound secret, at any depth and in a child', async () => {
    const { log, lines, text } = await capture();
    const headers = { Authorization: 'Bearer hunter2hunter2', 'set-cookie': 'hunter2', accept: 'text/html' };
    log.child({ sessionToken: 'hunter2' }).info({
      req: { headers, list: [{ password: 'hunter2' }] },
      DATA_KEY: 'hunter2',
      otp: 'hunter2',
      otpCode: 123_456,
      client_secret: 'hunter2',
      credentialId: 'kept',
    });
    expect(text()).not.to.match(/hunter2|123456/u);
    expect(lines[0]).to.deep.include({
      req: {
        headers: { Authorization: '[redacted]', 'set-cookie': '[redacted]', accept: 'text/html' },
        list: [{ password: '[redacted]' }],
      },
      credentialId: 'kept',
    });
  });

  it('redacts credentials inside texts', async () => {
    const { log, text } = await capture();
    log.info('GET with Bearer abcdefgh12345678 failed');
    log.info({ url: 'postgres://app:hunter2@db/angelis', note: 'eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl' });
    log.error(new Error('cannot reach redis://:hunter2@cache'));
    expect(text()).not.to.match(/hunter2|abcdefgh12345678|eyJ/u);
    expect(text()).to.contain('postgres://app:[redacted]@db/angelis').and.contain('redis://:[redacted]@cache');
  });

  it('tells of an error its kind, code, stack and causes, and nothing that a driver hung on it', async () => {
    const { log, lines, text } = await capture();
    const cause = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(ana@example.com)',
      parameters: ['ana'],
    });
    log.error({ err: new TypeError('not saved', { cause }) }, 'failed');
    expect(text()).not.to.contain('ana');
    const { err } = lines[0] ?? {};
    expect(err).to.have.property('type', 'TypeError');
    expect(err).to.have.property('stack').that.contains('logger.test.ts');
    expect(err).to.have.nested.property('cause.code', '23505');
  });

  it('survives what refers to itself or is deep', async () => {
    const { log, lines } = await capture();
    const loop: Record<string, unknown> = { name: 'loop' };
    loop['self'] = loop;
    log.info(loop);
    expect(lines).to.have.length(1);
  });

  it('carries ids only in domain events', async () => {
    const { log, lines } = await capture();
    const caseId = '01890a5d-ac96-774b-bcce-b302099a8057';
    logEvent(log, 'case.opened', { caseId, changeId: 12n, personId: 'ana@example.com', profileId: undefined });
    expect(lines[0]).to.include({ event: 'case.opened', caseId, changeId: '12', personId: '[not an id]' });
    expect(lines[0]).not.to.have.property('profileId');
  });

  it('also goes to a file that rotates', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'angelis-log-'));
    try {
      const { log, close, lines } = await capture({ file: join(folder, 'logs', 'angelis.log') });
      log.info({ password: 'hunter2' }, 'kept');
      await close();
      const [name = ''] = await readdir(join(folder, 'logs'));
      expect(name).to.match(/^angelis\..*log$/u);
      const content = await readFile(join(folder, 'logs', name), 'utf8');
      expect(JSON.parse(content)).to.deep.equal(lines[0]);
      expect(content).to.contain('"msg":"kept"').and.not.contain('hunter2');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

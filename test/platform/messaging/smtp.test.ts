import { createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import type { SMTPServerOptions } from 'smtp-server';
import { PermanentDeliveryError, TransientDeliveryError } from '../../../src/platform/messaging/messages.ts';
import { createSmtpMailer } from '../../../src/platform/messaging/smtp.ts';
import { listen } from '../../support/listen.ts';
import { startMailServer } from '../../support/mail-server.ts';
import { mailerContract } from './mailer.contract.ts';

const mail = {
  to: 'ana@example.com',
  subject: 'Aviso de retención – Ñ',
  text: 'Hola, Ana.\nDescanse.',
  html: '<p>Hola</p>',
  messageId: 'notice-7@angelis.example',
  headers: { 'Auto-Submitted': 'auto-generated' },
};

/** A refusal with a reply code, as smtp-server wants it. */
function reply(responseCode: number): Error {
  return Object.assign(new Error('no for ana@example.com'), { responseCode });
}

mailerContract('SMTP', async () => {
  const server = await startMailServer();
  const mailer = createSmtpMailer({ url: server.url, from: 'no-reply@angelis.example' });
  const close = () => {
    mailer.close();
    server.close();
  };
  return { mailer, arrived: server.mailsOf, close };
});

describe('mail over SMTP', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  async function start(options?: SMTPServerOptions) {
    const { url, caught, close } = await startMailServer(options);
    closing.push(close);
    const mailer = (auth = '') => {
      const made = createSmtpMailer({
        url: url.replace('//', `//${auth}`),
        from: 'no-reply@angelis.example',
        timeoutMs: 2_000,
      });
      closing.unshift(() => made.close());
      return made;
    };
    return { mailer, caught };
  }

  it('arrives with its head, both bodies and our Message-ID', async () => {
    const { mailer, caught } = await start();
    await mailer().send(mail);
    const [first] = caught;
    expect(first?.recipients).to.deep.equal(['ana@example.com']);
    expect(first?.source)
      .to.include('Message-ID: <notice-7@angelis.example>')
      .and.to.include('Auto-Submitted: auto-generated');
    expect(first?.source).to.include('From: no-reply@angelis.example').and.to.include('To: ana@example.com');
    expect(first?.source).to.include('text/plain').and.to.include('<p>Hola</p>');
  });

  it('names its sender as MAIL_FROM does, with a name or without', async () => {
    const { url, caught, close } = await startMailServer();
    closing.push(close);
    for (const from of ['no-reply@angelis.example', 'Angelis, Faena Ñ <no-reply@angelis.example>']) {
      const mailer = createSmtpMailer({ url, from });
      closing.unshift(() => mailer.close());
      await mailer.send(mail);
    }
    expect(caught.map(({ sender }) => sender)).to.deep.equal(Array(2).fill('no-reply@angelis.example'));
    expect(caught.map(({ source }) => /^From: (.*)$/m.exec(source)?.[1]?.trim())).to.deep.equal([
      'no-reply@angelis.example',
      '=?UTF-8?Q?Angelis=2C_Faena_=C3=91?= <no-reply@angelis.example>',
    ]);
  });

  it('goes over kept connections', async () => {
    const { mailer, caught } = await start();
    const kept = mailer();
    for (let index = 0; index < 5; index++) await kept.send(mail);
    expect(new Set(caught.map(({ session }) => session)).size).to.equal(1);
    await Promise.all(Array.from({ length: 20 }, () => kept.send(mail)));
    expect(new Set(caught.map(({ session }) => session)).size).to.be.at.most(3);
    expect(caught).to.have.length(25);
  });

  const refusals = [
    [550, PermanentDeliveryError],
    [552, PermanentDeliveryError],
    [421, TransientDeliveryError],
    [451, TransientDeliveryError],
  ] as const;
  for (const [code, kind] of refusals) {
    it(`takes a reply of ${code} as a ${kind.name} that names no recipient`, async () => {
      const { mailer } = await start({ onRcptTo: (_address, _session, done) => done(reply(code)) });
      const outcome = await mailer()
        .send(mail)
        .catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(kind);
      expect(outcome).to.have.property('message').that.includes(String(code)).and.does.not.include('ana@');
    });
  }

  it('is tried again later when our sign-in is refused', async () => {
    const { mailer } = await start({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(reply(535)),
    });
    const outcome = await mailer('user:wrong@')
      .send(mail)
      .catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(TransientDeliveryError).with.property('message').that.includes('SMTP_URL');
  });

  it('is tried again later when the server is gone or never says a word', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    const url = (await listen(silent)).replace('http:', 'smtp:');
    const send = async () => {
      const mailer = createSmtpMailer({ url, from: 'a@b.cl', timeoutMs: 100 });
      closing.push(() => mailer.close());
      return await mailer.send(mail).catch((error: unknown) => error);
    };
    expect(await send()).to.be.instanceOf(TransientDeliveryError);
    for (const socket of sockets) socket.destroy();
    silent.close();
    expect(await send()).to.be.instanceOf(TransientDeliveryError);
  });
});

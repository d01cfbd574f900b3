import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { createConsoleMessaging } from '../../../src/platform/messaging/console.ts';
import type { MailMessage } from '../../../src/platform/messaging/messages.ts';
import { PermanentDeliveryError } from '../../../src/platform/messaging/messages.ts';
import { mailerContract } from './mailer.contract.ts';
import { smsContract } from './sms.contract.ts';

const mail = {
  to: 'ana@example.com',
  subject: 'Su código',
  text: 'Código: 123456\nVence en 5 min',
  messageId: 'm-1@angelis.example',
};

function open() {
  const output = new PassThrough();
  const messaging = createConsoleMessaging({ output, now: () => new Date('2026-01-02T03:04:05Z') });
  return { ...messaging, written: () => String(output.read() ?? '') };
}

mailerContract('the console', () => {
  const { mailer, inbox } = open();
  const arrived = (address: string) =>
    Promise.resolve(
      inbox()
        .filter((message): message is MailMessage & typeof message => 'subject' in message && message.to === address)
        .toReversed(),
    );
  return { mailer, arrived, close: () => undefined };
});

smsContract('the console', () => {
  const { sms, inbox } = open();
  const arrived = () =>
    inbox()
      .filter(({ channel }) => channel === 'sms')
      .toReversed();
  return { sms, arrived, close: () => undefined };
});

describe('mail and SMS on the console', () => {
  it('are written as a block with the recipient masked, and kept whole for the inbox', async () => {
    const { mailer, sms, inbox, written } = open();
    expect(await mailer.send(mail)).to.deep.equal({ providerId: 'm-1@angelis.example' });
    const lines = ['to a***@example.com', 'Su código', '', 'Código: 123456', 'Vence en 5 min'];
    const block = lines.map((line) => `│ ${line}`.trimEnd()).join('\n');
    expect(written()).to.equal(`┌ email 2026-01-02T03:04:05.000Z\n${block}\n└\n`);
    await sms.send({ to: '+56912345678', text: 'Hola', id: 's-1' });
    expect(written()).to.include('to +56*******78').and.not.to.include('+56912345678');
    expect(inbox().map(({ channel, to }) => [channel, to])).to.deep.equal([
      ['sms', '+56912345678'],
      ['email', 'ana@example.com'],
    ]);
  });

  it('keep the newest 200, and an inbox that nobody can change', async () => {
    const { sms, inbox } = open();
    for (let index = 0; index < 250; index++)
      await sms.send({ to: '+56912345678', text: `n ${index}`, id: String(index) });
    expect(inbox()).to.have.length(200);
    expect(inbox()[0]?.text).to.equal('n 249');
    inbox().pop();
    expect(inbox()).to.have.length(200);
  });

  it('refuse what a carrier would refuse, and cannot move the cursor of a terminal', async () => {
    const { mailer, inbox, written } = open();
    const outcome = await mailer.send({ ...mail, headers: { 'X-A': 'a\r\nb' } }).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(PermanentDeliveryError);
    expect(inbox()).to.deep.equal([]);
    await mailer.send({ ...mail, text: '\u001b[2Jgone\u0007' });
    expect(written()).to.include('gone').and.not.to.include('\u001b').and.not.to.include('\u0007');
  });
});

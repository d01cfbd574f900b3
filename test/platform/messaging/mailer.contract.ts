import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { PermanentDeliveryError } from '../../../src/platform/messaging/messages.ts';
import type { Mailer, MailMessage } from '../../../src/platform/messaging/messages.ts';

export interface ArrivedMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Without angle brackets. */
  readonly messageId: string;
}

/** A mailer, and a way to read what reached an address. */
export interface MailerUnderTest {
  readonly mailer: Mailer;
  readonly arrived: (address: string) => Promise<readonly ArrivedMail[]>;
  readonly close: () => void;
}

/** What every mailer does, whatever carries the mail. */
export const mailerContract = (name: string, open: () => MailerUnderTest | Promise<MailerUnderTest>): void =>
  void describe(`a mailer: ${name}`, () => {
    let carrier: MailerUnderTest;
    before(async () => {
      carrier = await open();
    });
    after(() => carrier.close());

    const compose = (to = `${randomUUID()}@example.com`) => ({
      to,
      subject: 'Aviso de retención – Ñandú y más palabras, para que el asunto se doble en dos líneas',
      text: 'Hola, Inés.\nSu código es 123456 = seis cifras.\n\n– El equipo, desde la faena; una línea que no cabe en setenta y seis columnas',
      messageId: `${randomUUID()}@angelis.example`,
    });

    it('brings a mail to its address as it was written, with our Message-ID', async () => {
      const mail = compose();
      const { providerId } = await carrier.mailer.send({ ...mail, html: '<p>Hola</p>' });
      expect(providerId).to.match(/\S/);
      const [first, ...more] = await carrier.arrived(mail.to);
      expect(first).to.include(mail);
      expect(more).to.deep.equal([]);
    });

    it('keeps the Message-ID when a mail is sent again', async () => {
      const mail = compose();
      await carrier.mailer.send(mail);
      await carrier.mailer.send(mail);
      const ids = (await carrier.arrived(mail.to)).map(({ messageId }) => messageId);
      expect(ids).to.deep.equal([mail.messageId, mail.messageId]);
    });

    it('takes many at once, each to its own address', async () => {
      const mails = Array.from({ length: 30 }, () => compose());
      await Promise.all(mails.map((mail) => carrier.mailer.send(mail)));
      for (const mail of mails)
        expect((await carrier.arrived(mail.to)).map(({ messageId }) => messageId)).to.deep.equal([mail.messageId]);
    });

    it('reaches nobody else, whatever the address, the subject or a header holds', async () => {
      const eve = `eve-${randomUUID()}@example.com`;
      const mail = compose();
      const hostile: MailMessage[] = [
        { ...mail, to: `${mail.to}\r\nRCPT TO:<${eve}>` },
        { ...mail, to: `${mail.to},${eve}` },
        { ...mail, to: `Ana <${eve}>` },
        { ...mail, headers: { 'X-A': `b\r\nCc: ${eve}` } },
        { ...mail, headers: { Bcc: eve } },
      ];
      for (const message of hostile) {
        const outcome = await carrier.mailer.send(message).catch((error: unknown) => error);
        expect(outcome, JSON.stringify(message)).to.be.instanceOf(PermanentDeliveryError);
      }
      expect(await carrier.arrived(mail.to)).to.deep.equal([]);
      await carrier.mailer.send({ ...mail, subject: `Hola\r\nBcc: ${eve}` });
      expect((await carrier.arrived(mail.to)).map(({ subject }) => subject)).to.deep.equal([`Hola Bcc: ${eve}`]);
      expect(await carrier.arrived(eve)).to.deep.equal([]);
    });
  });

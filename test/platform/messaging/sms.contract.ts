import { randomInt, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { PermanentDeliveryError } from '../../../src/platform/messaging/messages.ts';
import type { Sms, SmsMessage } from '../../../src/platform/messaging/messages.ts';

export interface ArrivedSms {
  readonly to: string;
  readonly text: string;
}

/** A carrier of text messages, and a way to read what reached it. */
export interface SmsUnderTest {
  readonly sms: Sms;
  /** All of it, in its order. */
  readonly arrived: () => readonly ArrivedSms[];
  readonly close: () => void;
}

/** What every carrier of text messages does. */
export const smsContract = (name: string, open: () => SmsUnderTest | Promise<SmsUnderTest>): void =>
  void describe(`text messages: ${name}`, () => {
    let carrier: SmsUnderTest;
    before(async () => {
      carrier = await open();
    });
    after(() => carrier.close());

    const compose = (): SmsMessage => ({
      to: `+569${randomInt(20_000_000, 99_999_999)}`,
      text: 'Su código es 123456 & vence en 5 min.\nÑandú – 100 % + «ya» 🦺',
      id: randomUUID(),
    });
    const arrivedAt = (to: string): string[] =>
      carrier.arrived().flatMap((message) => (message.to === to ? [message.text] : []));

    it('bring a text to its number as it was written', async () => {
      const message = compose();
      const { providerId } = await carrier.sms.send(message);
      expect(providerId).to.match(/\S/);
      expect(arrivedAt(message.to)).to.deep.equal([message.text]);
    });

    it('take many at once, each to its own number, each with a name of its own', async () => {
      const messages = Array.from({ length: 30 }, (_, n) => ({ ...compose(), to: `+5691111${1_000 + n}` }));
      const receipts = await Promise.all(messages.map((message) => carrier.sms.send(message)));
      expect(new Set(receipts.map(({ providerId }) => providerId)).size).to.equal(messages.length);
      for (const { to, text } of messages) expect(arrivedAt(to)).to.deep.equal([text]);
    });

    it('reach nobody where the number is none or the text is empty, and say so for good, without the number', async () => {
      const before = carrier.arrived().length;
      const message = compose();
      const digits = message.to.slice(1);
      const hostile: SmsMessage[] = [
        ...[
          digits,
          `00${digits}`,
          `${message.to},+56911111111`,
          `${message.to}\r\nTo: +56911111111`,
          '+0123456789',
          '',
        ].map((to) => ({ ...message, to })),
        { ...message, to: `+${'5'.repeat(16)}` },
        { ...message, text: ' \n' },
      ];
      for (const one of hostile) {
        const outcome = await carrier.sms.send(one).catch((error: unknown) => error);
        expect(outcome, JSON.stringify(one)).to.be.instanceOf(PermanentDeliveryError);
        expect(String(outcome)).to.not.include(digits);
      }
      expect(carrier.arrived().length).to.equal(before);
    });
  });

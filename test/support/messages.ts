import { readyMail } from '../../src/platform/messaging/messages.ts';
import type { MailMessage, Mailer, Sms, SmsMessage } from '../../src/platform/messaging/messages.ts';

export interface Messages {
  readonly mailer: Mailer;
  readonly sms: Sms;
  readonly mails: MailMessage[];
  readonly texts: SmsMessage[];
}

/** Carriers that keep what they would have sent, in order. */
export const collectMessages = (): Messages => {
  const mails: MailMessage[] = [];
  const texts: SmsMessage[] = [];
  return {
    mails,
    texts,
    mailer: { send: async (message) => Promise.resolve({ providerId: String(mails.push(readyMail(message))) }) },
    sms: { send: (message) => Promise.resolve({ providerId: String(texts.push(message)) }) },
  };
};

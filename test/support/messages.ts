import type { MailMessage, Mailer, Sms, SmsMessage } from '../../src/platform/messaging/messages.ts';

export interface Messages {
  readonly mailer: Mailer;
  readonly sms: Sms;
  readonly mails: MailMessage[];
  readonly texts: SmsMessage[];
}

/** Carriers that keep what they were given, in order. */
export const collectMessages = (): Messages => {
  const mails: MailMessage[] = [];
  const texts: SmsMessage[] = [];
  return {
    mails,
    texts,
    mailer: { send: (message) => Promise.resolve({ providerId: String(mails.push(message)) }) },
    sms: { send: (message) => Promise.resolve({ providerId: String(texts.push(message)) }) },
  };
};

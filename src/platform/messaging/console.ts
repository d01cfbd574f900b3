import type { Writable } from 'node:stream';
import {
  checkSms,
  maskAddress,
  maskPhone,
  readyMail,
  type Mailer,
  type MailMessage,
  type Sms,
  type SmsMessage,
} from './messages.ts';

export type SentMessage = { sentAt: Date } & (({ channel: 'email' } & MailMessage) | ({ channel: 'sms' } & SmsMessage));

export interface ConsoleMessaging {
  mailer: Mailer;
  sms: Sms;
  /** The messages of this process, the newest first, as they would have reached their recipients. */
  inbox: () => SentMessage[];
}

const KEPT = 200;

/**
 * Mail and SMS for machines without a carrier: each message is written to a stream as a readable block, its recipient masked, and the
 * last 200 are kept whole for the inbox of the demo.
 */
export function createConsoleMessaging({ output, now }: { output: Writable; now: () => Date }): ConsoleMessaging {
  const kept: SentMessage[] = [];

  const deliver = (message: SentMessage, head: string[]) => {
    kept.unshift(message);
    kept.length = Math.min(kept.length, KEPT);
    const body = message.text.split(/\r?\n/);
    const lines = [...head, '', ...body].map((line) => `│ ${printable(line)}`.trimEnd());
    output.write(`┌ ${message.channel} ${message.sentAt.toISOString()}\n${lines.join('\n')}\n└\n`);
  };

  return {
    mailer: {
      async send(message) {
        const mail = readyMail(message);
        deliver({ ...mail, channel: 'email', sentAt: now() }, [`to ${maskAddress(mail.to)}`, mail.subject]);
        return await Promise.resolve({ providerId: mail.messageId });
      },
    },
    sms: {
      async send(message) {
        checkSms(message);
        deliver({ ...message, channel: 'sms', sentAt: now() }, [`to ${maskPhone(message.to)}`]);
        return await Promise.resolve({ providerId: message.id });
      },
    },
    inbox: () => [...kept],
  };
}

/** Without the characters by which a text could move the cursor or recolor a terminal. */
function printable(line: string): string {
  return line.replaceAll(/\p{Cc}/gu, ' ');
}

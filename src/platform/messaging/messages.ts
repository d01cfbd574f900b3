export interface MailMessage {
  /** One address, without a name. */
  to: string;
  subject: string;
  text: string;
  html?: string;
  /** `local@domain`, without angle brackets; the same on every try, so that receivers can drop a second copy. */
  messageId: string;
  headers?: Readonly<Record<string, string>>;
}

export interface SmsMessage {
  /** E.164, as `+56912345678`. */
  to: string;
  text: string;
  /** Ours, the same on every try. */
  id: string;
}

/** What the carrier calls the message, for its own logs. */
export interface Receipt {
  providerId: string;
}

/** Hands mail to a carrier. Throws {@link PermanentDeliveryError} or {@link TransientDeliveryError}. */
export interface Mailer {
  send: (message: MailMessage) => Promise<Receipt>;
}

/** Hands text messages to a carrier. Throws {@link PermanentDeliveryError} or {@link TransientDeliveryError}. */
export interface Sms {
  send: (message: SmsMessage) => Promise<Receipt>;
}

/** This message will never be taken: do not try again. The text names no recipient. */
export class PermanentDeliveryError extends Error {
  override readonly name = 'PermanentDeliveryError';
}

/** The carrier cannot take it now, or its settings need mending: try again later. The text names no recipient. */
export class TransientDeliveryError extends Error {
  override readonly name = 'TransientDeliveryError';
  /** The earliest that the carrier wants to be asked again, in milliseconds from now, if it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

const CONTROL = /\p{Cc}/u;
/** Headers that would add recipients, or speak against the message itself. */
const RESERVED = new Set(['to', 'cc', 'bcc', 'from', 'sender', 'subject', 'message-id', 'content-type']);

/** Text as one line: blanks stand where control characters and line breaks stood. */
const onOneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();

/**
 * The mail as it may leave: its subject on one line, since names that people gave stand in it, and such a mail would never leave.
 * Throws PermanentDeliveryError unless every other part that becomes a line of the mail's head is one line, and the recipient is
 * one plain address: a line break in any of them could add recipients.
 */
export function readyMail(message: MailMessage): MailMessage {
  const { to, messageId, headers = {} } = message;
  if (Object.keys(headers).some((name) => !/^[A-Za-z][A-Za-z0-9-]*$/.test(name) || RESERVED.has(name.toLowerCase()))) {
    throw new PermanentDeliveryError('an extra header of the mail has an odd name, or one that the mail sets itself');
  }
  const lines = [to, messageId, ...Object.values(headers)];
  if (lines.some((line) => CONTROL.test(line))) {
    throw new PermanentDeliveryError('an address or header of the mail holds a control character');
  }
  if (to.length > 254 || !/^[^\s@<>(),;:"\\[\]]+@[^\s@<>(),;:"\\[\]]+$/.test(to)) {
    throw new PermanentDeliveryError('the address of the mail is not one plain address');
  }
  if (!/^[^\s@<>]+@[^\s@<>]+$/.test(messageId)) {
    throw new PermanentDeliveryError('the message id must read as local@domain, without angle brackets');
  }
  return { ...message, subject: onOneLine(message.subject) };
}

/** Throws PermanentDeliveryError unless the number is in E.164 and there is something to say. */
export function checkSms({ to, text }: SmsMessage): void {
  if (!/^\+[1-9]\d{6,14}$/.test(to)) throw new PermanentDeliveryError('the number must be in E.164, as +56912345678');
  if (text.trim() === '') throw new PermanentDeliveryError('the text message is empty');
}

/** An address as logs may show it: `a***@example.com`. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 1 ? '***' : `${address.slice(0, 1)}***${address.slice(at)}`;
}

/** A number as logs may show it: `+56*******78`. */
export function maskPhone(phone: string): string {
  return phone.length < 8 ? '***' : phone.slice(0, 3) + '*'.repeat(phone.length - 5) + phone.slice(-2);
}

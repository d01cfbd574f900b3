import { createTransport } from 'nodemailer';
import { PermanentDeliveryError, readyMail, TransientDeliveryError, type Mailer } from './messages.ts';

export interface SmtpOptions {
  /** `smtp://` or `smtps://`, with user and password where the server asks for them. */
  url: string;
  /** The sender: `address` or `Name <address>`. */
  from: string;
  /** Connections kept open. Default 3. */
  connections?: number;
  /** Longest silence of the server while connecting, greeting or answering, in milliseconds. Default 20 000. */
  timeoutMs?: number;
}

/** A mailer over SMTP with kept connections. */
export interface SmtpMailer extends Mailer {
  /** Greets the server and signs in, sending nothing. Throws a TransientDeliveryError that says what to do. */
  verify(): Promise<void>;
  /** Ends the connections. */
  close(): void;
}

/** Opens the mailer; nothing connects before the first mail. */
export function createSmtpMailer(options: SmtpOptions): SmtpMailer {
  const { url, from, connections = 3, timeoutMs = 20_000 } = options;
  const [, name = '', address = from] = /^(.*?)\s*<([^<>]*)>$/.exec(from) ?? [];
  const sender = { name, address };
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: connections,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(message) {
      const { to, subject, text, html, messageId, headers } = readyMail(message);
      try {
        const sent = await transport.sendMail({
          from: sender,
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${messageId}>`,
          headers: { ...headers },
        });
        return { providerId: sent.response };
      } catch (cause) {
        throw asDeliveryError(cause);
      }
    },
    verify: async () => {
      try {
        await transport.verify();
      } catch (cause) {
        throw asDeliveryError(cause, 'does not take us in');
      }
    },
    close: () => transport.close(),
  };
}

/**
 * A 5xx reply to the message is final (RFC 5321, 4.2.1). A refused sign-in is not the message's fault, and every other failure may pass.
 * The server's own words stay in `cause`, since they may name the recipient.
 */
function asDeliveryError(cause: unknown, what = 'did not take the mail'): Error {
  const reply = cause instanceof Error && 'responseCode' in cause ? Number(cause.responseCode) : 0;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  if (code === 'EAUTH')
    return new TransientDeliveryError('the mail server refused our sign-in: check SMTP_URL', { cause });
  if (reply >= 500)
    return new PermanentDeliveryError(`the mail server refused the mail for good (${reply})`, { cause });
  return new TransientDeliveryError(`the mail server ${what} (${reply || code})`, { cause });
}

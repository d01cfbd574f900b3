import { createSmtpMailer } from '../../src/platform/messaging/smtp.ts';
import { mailerContract } from '../platform/messaging/mailer.contract.ts';
import { mailsOf } from '../support/servers/mail.ts';
import { serverSetting } from '../support/servers/settings.ts';

mailerContract('a mail server, with TLS', () => {
  const mailer = createSmtpMailer({ url: serverSetting('SMTP_URL'), from: 'no-reply@angelis.example' });
  return { mailer, arrived: mailsOf, close: () => mailer.close() };
});

import { startMailServer } from '../support/mail-server.ts';
import { startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';

/** A system on the parts that it brings along, its mails caught. */
export const embeddedSystem = (more: Readonly<Record<string, string>> = {}): Promise<TestSystem> =>
  startSystem(async () => {
    const mail = await startMailServer();
    return {
      settings: { SMTP_URL: mail.url, ...more },
      mailsOf: mail.mailsOf,
      close: () => {
        mail.close();
        return Promise.resolve();
      },
    };
  });

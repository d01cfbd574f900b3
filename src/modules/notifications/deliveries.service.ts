import { OPERATOR_COMPANY, systemScope } from '../../platform/db/scope.ts';
import type { I18n } from '../../platform/i18n/i18n.ts';
import { isLocale } from '../../platform/i18n/locales.ts';
import type { Locale } from '../../platform/i18n/locales.ts';
import type { Mailer, Receipt, Sms } from '../../platform/messaging/messages.ts';
import type { JobDefinition } from '../../platform/module.ts';
import { SEND_JOB } from './deliveries.lifecycle.ts';
import { addressedOf, localeOf } from './deliveries.repository.ts';
import type { Addressed, DeliveryRow } from './deliveries.repository.ts';
import { chooseDelivery, NO_WISHES } from './delivery-choice.ts';
import type { Sender, SenderDependencies, Way } from './sending.ts';
import { NOTICES_SETTING } from './settings.ts';

interface DeliveriesDependencies extends Pick<SenderDependencies, 'mover' | 'configuration' | 'work'> {
  readonly sender: Sender;
  readonly mailer: Mailer;
  readonly sms: Sms;
  readonly i18n: I18n;
  readonly publicUrl: string;
}

interface Prepared {
  readonly row: DeliveryRow;
  readonly to: string;
  readonly addressed: Addressed;
  /** What stands before links; null where nothing but the API would answer them. */
  readonly frontend: string | null;
}

/** The job that sends mails and SMS: at least once, always under the Message-ID of the delivery. */
export const createDeliveries = (dependencies: DeliveriesDependencies): JobDefinition => {
  const { sender, mover, configuration, work, mailer, sms, i18n, publicUrl } = dependencies;

  const prepare: Way<Prepared>['prepare'] = async (tx, worker, row) => {
    const { channel, notificationId } = row;
    if (channel === 'webhook' || notificationId === null) return undefined;
    const addressed = await addressedOf(tx, notificationId);
    const to = channel === 'email' ? addressed.email : addressed.phone;
    const wishes = addressed.wishes ?? NO_WISHES;
    const choice = chooseDelivery({ ...addressed, channel, hasAddress: to !== null, wishes }, tx.now);
    if (choice.do === 'wait') {
      await mover.moveAs(tx, worker, row, 'postpone', { nextRetryAt: choice.until.toISOString() });
      return undefined;
    }
    if (choice.do === 'skip' || to === null) {
      await mover.moveAs(tx, worker, row, 'skip', { because: choice.do === 'skip' ? choice.because : 'no_address' });
      return undefined;
    }
    const { frontendUrl } = await configuration.get(tx, NOTICES_SETTING);
    return {
      row: await mover.moveAs(tx, worker, row, 'begin'),
      to,
      addressed,
      frontend: frontendUrl,
    };
  };

  const languageOf = async ({ personId, locale }: Addressed, traceId: string): Promise<Locale> => {
    const own =
      personId === null
        ? undefined
        : await work.read({ scope: systemScope(OPERATOR_COMPANY, SEND_JOB, traceId) }, (reader) =>
            localeOf(reader, personId),
          );
    const wanted = own ?? locale;
    return isLocale(wanted) ? wanted : 'es';
  };

  const hand = async ({ row, to, addressed, frontend }: Prepared, traceId: string): Promise<Receipt> => {
    const language = await languageOf(addressed, traceId);
    const { text, params, link } = addressed;
    const say = (part: string): string => i18n.t(language, `notifications:${text}.${part}`, params);
    const look = frontend === null ? i18n.t(language, 'notifications:look') : `${frontend}${link}`;
    const where = link === null ? '' : look;
    if (row.channel === 'sms') return sms.send({ to, id: row.id, text: `${say('body')} ${where}`.trim() });
    const lines = [say('body'), ...(where === '' ? [] : [where]), i18n.t(language, 'notifications:footer')];
    return mailer.send({
      to,
      subject: say('title'),
      text: lines.join('\n\n'),
      messageId: `${row.id}@${new URL(publicUrl).hostname}`,
    });
  };

  return sender.sends({ job: SEND_JOB, prepare, hand });
};

import type { Configuration } from '../../platform/configuration.ts';
import { OPERATOR_COMPANY, systemScope } from '../../platform/db/scope.ts';
import type { UnitOfWork, Worker } from '../../platform/db/unit-of-work.ts';
import type { I18n } from '../../platform/i18n/i18n.ts';
import { isLocale } from '../../platform/i18n/locales.ts';
import type { Locale } from '../../platform/i18n/locales.ts';
import type { Backoff } from '../../platform/jobs/backoff.ts';
import type { JobContext } from '../../platform/jobs/definitions.ts';
import { describeFailure } from '../../platform/jobs/failure.ts';
import { PermanentDeliveryError, TransientDeliveryError } from '../../platform/messaging/messages.ts';
import type { Mailer, Receipt, Sms } from '../../platform/messaging/messages.ts';
import { job } from '../../platform/module.ts';
import type { JobDefinition, Mover, Repository, Tx } from '../../platform/module.ts';
import { addressedOf, localeOf } from './deliveries.repository.ts';
import type { Addressed, DeliveryRow } from './deliveries.repository.ts';
import { SEND_JOB } from './deliveries.lifecycle.ts';
import { chooseDelivery, NO_WISHES } from './delivery-choice.ts';
import { NOTICES_SETTING } from './settings.ts';

interface DeliveriesDependencies {
  readonly repository: Repository<DeliveryRow>;
  readonly mover: Mover<DeliveryRow>;
  readonly configuration: Configuration;
  readonly work: UnitOfWork;
  readonly mailer: Mailer;
  readonly sms: Sms;
  readonly i18n: I18n;
  readonly publicUrl: string;
  readonly backoff: Backoff;
}

interface Prepared {
  readonly row: DeliveryRow;
  readonly to: string;
  readonly addressed: Addressed;
  readonly frontend: string;
}

/** States from which a message is sent; one in `sending` was cut off with its process. */
const OPEN: ReadonlySet<string> = new Set(['pending', 'retrying', 'sending']);

/** Sends deliveries: at least once, always under the Message-ID of the delivery. */
export const createDeliveries = (dependencies: DeliveriesDependencies) => {
  const { repository, mover, configuration, work, mailer, sms, i18n, publicUrl, backoff } = dependencies;

  /** Takes a delivery on, or answers undefined: it was sent, given up, is to wait, or is not wanted any more. */
  const begin = async (tx: Tx, worker: Worker, id: string): Promise<Prepared | undefined> => {
    const row = await repository.lock(tx, id);
    if (!OPEN.has(row.status)) return undefined;
    const addressed = await addressedOf(tx, row.notificationId);
    const to = row.channel === 'email' ? addressed.email : addressed.phone;
    const wishes = addressed.wishes ?? NO_WISHES;
    const choice = chooseDelivery({ ...addressed, channel: row.channel, hasAddress: to !== null, wishes }, tx.now);
    if (choice.do === 'wait') {
      await mover.moveAs(tx, worker, row, 'postpone', { nextRetryAt: choice.until.toISOString() });
      return undefined;
    }
    if (choice.do === 'skip' || to === null) {
      await mover.moveAs(tx, worker, row, 'skip', { because: choice.do === 'skip' ? choice.because : 'no_address' });
      return undefined;
    }
    const { frontendUrl } = await configuration.get(tx, NOTICES_SETTING);
    return { row: await mover.moveAs(tx, worker, row, 'begin'), to, addressed, frontend: frontendUrl ?? publicUrl };
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

  const hand = async ({ row, to, addressed, frontend }: Prepared, language: Locale): Promise<Receipt> => {
    const { text, params, link } = addressed;
    const say = (part: string): string => i18n.t(language, `notifications:${text}.${part}`, params);
    const where = link === null ? '' : `${frontend}${link}`;
    if (row.channel === 'sms') return sms.send({ to, id: row.id, text: `${say('body')} ${where}`.trim() });
    const lines = [say('body'), ...(where === '' ? [] : [where]), i18n.t(language, 'notifications:footer')];
    return mailer.send({
      to,
      subject: say('title'),
      text: lines.join('\n\n'),
      messageId: `${row.id}@${new URL(publicUrl).hostname}`,
    });
  };

  const afterFailure = async (tx: Tx, worker: Worker, id: string, error: unknown): Promise<void> => {
    const row = await repository.lock(tx, id);
    if (row.status !== 'sending') return;
    const reason = describeFailure(error).slice(0, 500);
    const failed = await mover.moveAs(tx, worker, row, 'fail', { error: reason });
    const { maxAttempts } = await configuration.get(tx, NOTICES_SETTING);
    if (error instanceof PermanentDeliveryError || row.attempts >= maxAttempts) {
      await mover.moveAs(tx, worker, failed, 'give_up', { error: reason });
      return;
    }
    const asked = error instanceof TransientDeliveryError ? (error.retryAfterMs ?? 0) : 0;
    const pause = Math.max(asked, backoff(row.attempts));
    await mover.moveAs(tx, worker, failed, 'retry', { nextRetryAt: new Date(tx.now.getTime() + pause).toISOString() });
  };

  const send = async ({ deliveryId }: { deliveryId: string }, { scope }: JobContext): Promise<void> => {
    const worker: Worker = { scope };
    const prepared = await work.write(worker, (tx) => begin(tx, worker, deliveryId));
    if (prepared === undefined) return;
    const language = await languageOf(prepared.addressed, scope.traceId);
    const finish = await hand(prepared, language).then(
      ({ providerId }) =>
        async (tx: Tx): Promise<void> => {
          const row = await repository.lock(tx, deliveryId);
          if (row.status === 'sending') await mover.moveAs(tx, worker, row, 'succeed', { providerId });
        },
      (error: unknown) => (tx: Tx) => afterFailure(tx, worker, deliveryId, error),
    );
    await work.write(worker, finish);
  };

  /** The job itself failed, over and over: not the carrier, whose failures are counted here. */
  const giveUp = async (tx: Tx, { deliveryId }: { deliveryId: string }, error: string): Promise<void> => {
    const row = await repository.lock(tx, deliveryId);
    if (OPEN.has(row.status))
      await mover.moveAs(tx, { scope: tx.scope }, row, 'give_up', { error: error.slice(0, 500) });
  };

  const jobs: readonly JobDefinition[] = [
    job({ name: SEND_JOB, run: send, onDead: giveUp, concurrency: 4, maxAttempts: 10 }),
  ];
  return { jobs };
};

export type Deliveries = ReturnType<typeof createDeliveries>;

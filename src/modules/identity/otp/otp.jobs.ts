import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { hmac } from '../../../platform/crypto/sealed.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import type { I18n } from '../../../platform/i18n/i18n.ts';
import { job } from '../../../platform/jobs/definitions.ts';
import type { JobDefinition, TickDefinition } from '../../../platform/jobs/definitions.ts';
import type { Mailer, Sms } from '../../../platform/messaging/messages.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';
import type { SignIn } from '../sign-in/sign-in.service.ts';
import type { CountOtp } from './otp.figures.ts';
import { armOtp, findOtp, purgeOtps } from './otp.repository.ts';
import type { StoredOtp } from './otp.repository.ts';
import { CODE_LIFE, CODES, TALLIES } from './otp.rules.ts';
import { DELIVER_OTP } from './otp.service.ts';
import type { Otps } from './otp.service.ts';

interface OtpJobsDependencies {
  readonly db: Database;
  readonly keys: { readonly lookup: KeyRing; readonly signing: KeyRing };
  readonly persons: Pick<Persons, 'repository' | 'contacts'>;
  readonly signIn: Pick<SignIn, 'allowsOtp'>;
  readonly otps: Pick<Otps, 'destinationOf'>;
  readonly mailer: Mailer;
  readonly sms: Sms;
  readonly i18n: I18n;
  readonly publicUrl: string;
  readonly count: CountOtp;
}

/**
 * The six digits that the outbox row `id` stands for: made from a secret of the service, so that every try of a delivery
 * makes the same and nothing has to keep them.
 */
export const codeFor = (signing: KeyRing, id: string): string => {
  const mac = hmac(signing, 'otp', id);
  const bytes = Buffer.from(mac.slice(mac.indexOf('.') + 1), 'base64url');
  return String(bytes.readBigUInt64BE() % 1_000_000n).padStart(6, '0');
};

/** The job that makes and delivers codes, and the tick that leaves nothing of them. */
export const otpJobs = (dependencies: OtpJobsDependencies): { jobs: JobDefinition[]; ticks: TickDefinition[] } => {
  const { db, keys, persons, signIn, otps, mailer, sms, i18n, publicUrl, count } = dependencies;
  const host = new URL(publicUrl).hostname;

  const ownAddress = (otp: StoredOtp, person: PersonRow): string | undefined =>
    (otp.channel === 'email' ? persons.contacts.emailOf(person) : persons.contacts.phoneOf(person)) ?? undefined;

  /** Where the code goes; undefined where nobody may have one. */
  const addressOf = async (otp: StoredOtp, person: PersonRow | undefined): Promise<string | undefined> => {
    const given = otps.destinationOf(otp);
    if (given !== undefined) return given;
    if (person === undefined || (person.status !== 'active' && person.status !== 'locked')) return undefined;
    if (otp.purpose === 'login' && !(await signIn.allowsOtp(person.id, otp.hints, otp.channel))) return undefined;
    return ownAddress(otp, person);
  };

  const read = async (tx: Tx, otpId: string) => {
    const otp = await findOtp(tx, otpId);
    const person = otp?.personId == null ? undefined : await persons.repository.find(tx, otp.personId);
    return { otp, person };
  };

  const deliver = job<{ otpId: string }>({
    name: DELIVER_OTP,
    maxAttempts: 6,
    timeout: 30_000,
    concurrency: 8,
    run: async ({ otpId }, { scope, id }) => {
      const { otp, person } = await db.write(scope, (tx) => read(tx, otpId));
      if (otp === undefined) return;
      const to = await addressOf(otp, person);
      if (to === undefined) return;
      const code = codeFor(keys.signing, id);
      const isOpen = await db.write(scope, (tx) =>
        armOtp(tx, otpId, hmac(keys.lookup, `otp:${otpId}`, code), new Date(tx.now.getTime() + CODE_LIFE)),
      );
      if (!isOpen) return;
      const locale = person === undefined ? otp.locale : i18n.locale(undefined, person.locale);
      const text = i18n.t(locale, `identity:otp.${otp.purpose}.text`, { code });
      if (otp.channel === 'sms') await sms.send({ to, text, id });
      else {
        const subject = i18n.t(locale, `identity:otp.${otp.purpose}.subject`);
        await mailer.send({ to, subject, text, messageId: `${id}@${host}` });
      }
      count('sent');
    },
  });

  const purge: TickDefinition = {
    name: CODES.by,
    every: 60,
    for: 'once',
    run: async (scope, { now }) => {
      await db.write(scope, (tx) => purgeOtps(tx, CODES.before(now), TALLIES.before(now)));
    },
  };

  return { jobs: [deliver], ticks: [purge] };
};

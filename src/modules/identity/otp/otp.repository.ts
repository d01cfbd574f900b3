import { v7 as uuidv7 } from 'uuid';
import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { CompanyHint } from '../../../platform/http/company-hints.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import { MOST_TRIES } from './otp.rules.ts';
import type { OtpChannel, OtpPurpose } from './otp.rules.ts';

/** A one-time password on its way. Table `otp` is the operator's: every function here needs the operator's transaction. */
export interface OtpRow {
  readonly id: string;
  readonly purpose: OtpPurpose;
  readonly channel: OtpChannel;
  /** Of each account at most one of a purpose is open. */
  readonly accountKey: string;
  /** Null: nobody has this account, or nobody has it yet. */
  readonly personId: string | null;
  /** The address where it is not the person's own; sealed. */
  readonly destinationSealed: string | null;
  /** Hash of what was typed. */
  readonly askedKey: string;
  readonly hints: readonly CompanyHint[];
  readonly locale: Locale;
}

export interface StoredOtp extends OtpRow {
  readonly verifiedAt: string | null;
}

const COLUMNS = `id, purpose, channel, account_key as "accountKey", person_id as "personId",
  destination_sealed as "destinationSealed", asked_key as "askedKey", hints, locale, verified_at as "verifiedAt"`;

/** Lets one request at a time count and write for each of the keys. */
export const lockKeys = async (tx: Tx, keys: readonly string[]): Promise<void> => {
  for (const key of keys.toSorted()) await tx.prepared('select pg_advisory_xact_lock(hashtextextended($1, 7))', [key]);
};

/** When codes were asked for under `key` since `since`, newest first. */
export const askedSince = async (reader: Reader, key: string, since: Date): Promise<Date[]> =>
  (
    await reader.prepared<{ at: string }>(
      'select at from otp_tally where key = $1 and at > $2 order by at desc limit 10',
      [key, since],
    )
  ).map(({ at }) => new Date(at));

export const countAsked = async (tx: Tx, keys: readonly string[]): Promise<void> => {
  for (const key of keys)
    await tx.prepared('insert into otp_tally (id, key, at) values ($1, $2, $3)', [uuidv7(), key, tx.now]);
};

/** Opens a one-time password; the one of the same account and purpose before it is over. It has no code yet. */
export const openOtp = async (tx: Tx, otp: OtpRow, expiresAt: Date): Promise<void> => {
  await tx.prepared('update otp set ended_at = $3 where account_key = $1 and purpose = $2 and ended_at is null', [
    otp.accountKey,
    otp.purpose,
    tx.now,
  ]);
  await tx.prepared(
    `insert into otp (id, purpose, channel, account_key, person_id, destination_sealed, asked_key, hints, locale,
       expires_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      otp.id,
      otp.purpose,
      otp.channel,
      otp.accountKey,
      otp.personId,
      otp.destinationSealed,
      otp.askedKey,
      JSON.stringify(otp.hints),
      otp.locale,
      expiresAt,
      tx.now,
    ],
  );
};

export const findOtp = async (reader: Reader, id: string): Promise<StoredOtp | undefined> =>
  (await reader.prepared<StoredOtp>(`select ${COLUMNS} from otp where id = $1`, [id]))[0];

/** Puts the code in its place; its life begins with the first time. False when it is over meanwhile. */
export const armOtp = async (tx: Tx, id: string, codeHash: string, expiresAt: Date): Promise<boolean> =>
  (
    await tx.prepared(
      `update otp set code_hash = $2, expires_at = case when code_hash is null then $3 else expires_at end
       where id = $1 and ended_at is null and expires_at > $4 returning id`,
      [id, codeHash, expiresAt, tx.now],
    )
  ).length === 1;

/** What a try came to: undefined when there is nothing to try any more. */
export type Try = Pick<OtpRow, 'purpose' | 'channel' | 'personId'> & { readonly verified: boolean };

/** One try, one statement: of many right ones at once exactly one finds the row open. */
export const tryOtp = async (
  tx: Tx,
  id: string,
  codeHashes: readonly string[],
  ticketHash: string,
): Promise<Try | undefined> =>
  (
    await tx.prepared<Try>(
      `update otp set attempts = attempts + 1,
         verified_at = case when code_hash = any($2) then $4::timestamptz end,
         ticket_hash = case when code_hash = any($2) then $3 end,
         ended_at = case when code_hash = any($2) or attempts + 1 >= ${MOST_TRIES} then $4::timestamptz end
       where id = $1 and ended_at is null and expires_at > $4 and attempts < ${MOST_TRIES}
       returning purpose, channel, person_id as "personId", verified_at is not null as verified`,
      [id, codeHashes, ticketHash, tx.now],
    )
  )[0];

/** What `spendTicket` would spend. */
export const findTicket = async (
  reader: Reader,
  ticketHash: string,
  purpose: OtpPurpose,
  verifiedAfter: Date,
): Promise<StoredOtp | undefined> =>
  (
    await reader.prepared<StoredOtp>(
      `select ${COLUMNS} from otp where ticket_hash = $1 and purpose = $2 and verified_at > $3`,
      [ticketHash, purpose, verifiedAfter],
    )
  )[0];

/** Spends the ticket of a verified one-time password. Undefined when it is unknown, of another purpose, spent or old. */
export const spendTicket = async (
  tx: Tx,
  ticketHash: string,
  purpose: OtpPurpose,
  verifiedAfter: Date,
): Promise<StoredOtp | undefined> =>
  (
    await tx.prepared<StoredOtp>(
      `update otp set ticket_hash = null where ticket_hash = $1 and purpose = $2 and verified_at > $3 returning ${COLUMNS}`,
      [ticketHash, purpose, verifiedAfter],
    )
  )[0];

/** Makes a spent ticket good again, for the rest of its time. */
export const giveBackTicket = async (tx: Tx, id: string, ticketHash: string): Promise<void> => {
  await tx.prepared('update otp set ticket_hash = $2 where id = $1', [id, ticketHash]);
};

/** Forgets one-time passwords of before `otpsBefore` and counts of before `talliesBefore`. */
export const purgeOtps = async (tx: Tx, otpsBefore: Date, talliesBefore: Date): Promise<void> => {
  await tx.prepared('delete from otp where created_at < $1', [otpsBefore]);
  await tx.prepared('delete from otp_tally where at < $1', [talliesBefore]);
};

/** Forgets the codes of a person. */
export const forgetOtps = async (tx: Tx, personId: string): Promise<void> => {
  await tx.prepared('delete from otp where person_id = $1', [personId]);
};

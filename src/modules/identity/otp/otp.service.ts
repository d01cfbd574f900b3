import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { hmac, lookupHashes, open, seal } from '../../../platform/crypto/sealed.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import type { Enqueue } from '../../../platform/jobs/definitions.ts';
import { invalid, notFound, Problem } from '../../../platform/problem.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';
import type { SignedInTo, SignIn } from '../sign-in/sign-in.service.ts';
import type { CountOtp } from './otp.figures.ts';
import {
  askedSince,
  countAsked,
  findOtp,
  giveBackTicket,
  findTicket,
  lockKeys,
  openOtp,
  spendTicket,
  tryOtp,
} from './otp.repository.ts';
import type { OtpRow, StoredOtp } from './otp.repository.ts';
import { CODES, TALLIES, TICKET_LIFE, waitFor } from './otp.rules.ts';
import type { OtpChannel, OtpPurpose } from './otp.rules.ts';

export type { StoredOtp } from './otp.repository.ts';

export const DELIVER_OTP = 'identity.otp.deliver';

/** What tells the caller which one-time password is meant. */
export interface OtpReceipt {
  readonly requestId: string;
  /** Seconds until another may be sent. */
  readonly resendAfter: number;
}

/** A one-time password for somebody who is known. */
export interface KnownOtp {
  readonly purpose: OtpPurpose;
  readonly channel: OtpChannel;
  readonly person: PersonRow | undefined;
  readonly locale: Locale;
  /** A new address; absent: the person's own. */
  readonly destination?: string;
}

interface OtpDependencies {
  readonly db: Database;
  readonly keys: { readonly data: KeyRing; readonly lookup: KeyRing };
  readonly enqueue: Enqueue;
  readonly persons: Pick<Persons, 'wantedBy' | 'identify' | 'repository'>;
  readonly signIn: Pick<SignIn, 'withOtp' | 'mustTakeIn'>;
  readonly count: CountOtp;
}

export interface Otps {
  /**
   * Sends a code to whoever has the account, if anybody may have one; the answer and the steps to it are the same. 400 for a
   * RUT without a company, 403 to sign in to a company that is suspended, 429 for one account too often.
   */
  ask(
    request: { identifier: string; purpose: 'login' | 'reset'; channel: OtpChannel },
    context: PublicContext,
  ): Promise<OtpReceipt>;
  /** In the operator's transaction. Throws 429. */
  issue(tx: Tx, otp: KnownOtp): Promise<OtpReceipt>;
  /**
   * A new code for the same; the one that is open is over. 404 once it was verified. Nothing else may refuse it: what ends a
   * code otherwise, as a newer one of the same account, would tell that there is an account.
   */
  resend(requestId: string, traceId: string): Promise<OtpReceipt>;
  /** Tries a code: signs in, or answers a ticket that the purpose's own route takes. 422 for any code that is not good. */
  verify(requestId: string, code: string, context: PublicContext): Promise<Verified>;
  /** What `redeem` would spend now; 422 when the ticket is not good. */
  check(tx: Tx, ticket: string, purpose: OtpPurpose, pointer: string): Promise<StoredOtp>;
  /** Spends a ticket in the operator's transaction; 422 when it is not good. */
  redeem(tx: Tx, ticket: string, purpose: OtpPurpose, pointer: string): Promise<StoredOtp>;
  /** A ticket that `redeem` spent for what then came to nothing is good again. In the operator's transaction. */
  giveBack(tx: Tx, spent: Pick<StoredOtp, 'id'>, ticket: string): Promise<void>;
  /** The new address that a one-time password was sent to. */
  destinationOf(otp: Pick<OtpRow, 'id' | 'destinationSealed'>): string | undefined;
}

export interface Verified {
  readonly purpose: OtpPurpose;
  readonly ticket?: string;
  readonly signedIn?: SignedInTo;
}

const place = (id: string): string => `otp:${id}:destination`;
const hashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('base64url');
const RESEND_AFTER = 60;
const oldestTicket = (tx: Tx): Date => new Date(tx.now.getTime() - TICKET_LIFE);

/** One-time passwords: counted, made by the job that delivers them, decided by one statement. */
export const createOtps = ({ db, keys, enqueue, persons, signIn, count }: OtpDependencies): Otps => {
  const asSystem = (traceId: string) => systemScope(OPERATOR_COMPANY, 'otp', traceId);

  const longestWait = async (tx: Tx, counted: readonly string[]): Promise<number> => {
    const since = TALLIES.before(tx.now);
    const waits: number[] = [];
    for (const key of counted) waits.push(waitFor(await askedSince(tx, key, since), tx.now));
    return Math.max(0, ...waits);
  };

  /** `hidden` keys would tell that an account exists: past their limit nothing is sent, and nobody is told. */
  const send = async (tx: Tx, otp: OtpRow, hidden: readonly string[]): Promise<OtpReceipt> => {
    await lockKeys(tx, [otp.askedKey, ...hidden]);
    const wait = await longestWait(tx, [otp.askedKey]);
    if (wait > 0) {
      count('too_often');
      throw new Problem(429, 'OTP_TOO_OFTEN', { retryAfter: wait, params: { seconds: wait } });
    }
    const isQuiet = (await longestWait(tx, hidden)) > 0;
    const sent: OtpRow = isQuiet ? { ...otp, personId: null, accountKey: `nobody:${otp.id}` } : otp;
    await countAsked(tx, [otp.askedKey, ...(isQuiet ? [] : hidden)]);
    await openOtp(tx, sent, new Date(tx.now.getTime() + CODES.ms));
    await enqueue(tx, DELIVER_OTP, { otpId: otp.id });
    return { requestId: otp.id, resendAfter: RESEND_AFTER };
  };

  const personKey = (id: string): string => `person:${id}`;
  const addressKey = (address: string): string => `address:${hmac(keys.lookup, 'otp:address', address)}`;
  const destinationOf: Otps['destinationOf'] = ({ id, destinationSealed }) =>
    destinationSealed === null ? undefined : open(destinationSealed, keys.data, place(id));

  /** What is counted beside what was typed: the account behind it, or the address that is not the person's own yet. */
  const hiddenKeys = ({ accountKey, askedKey }: OtpRow, destination: string | undefined): string[] => {
    if (askedKey.startsWith('asked:')) return [accountKey];
    return destination === undefined ? [] : [addressKey(destination)];
  };

  const verify = async (requestId: string, code: string, traceId: string) => {
    const ticket = randomBytes(32).toString('base64url');
    const hashes = lookupHashes(keys.lookup, `otp:${requestId}`, code);
    const [outcome, verified] = await db.write(asSystem(traceId), async (tx) => {
      const tried = await tryOtp(tx, requestId, hashes, hashOf(ticket));
      if (tried === undefined || !tried.verified) return [tried === undefined ? 'over' : 'wrong'] as const;
      const person = tried.personId === null ? undefined : await persons.repository.find(tx, tried.personId);
      return ['verified', { ...tried, ticket, person }] as const;
    });
    count(outcome);
    return verified;
  };

  return {
    ask: async ({ identifier, purpose, channel }, context) => {
      if (purpose === 'login') await signIn.mustTakeIn(context.hints);
      const wanted = await persons.wantedBy(identifier, context.hints);
      const person = await persons.identify(wanted, context.traceId);
      const id = uuidv7();
      const askedKey = `asked:${hmac(keys.lookup, 'otp:asked', wanted.hashes[0]!)}`;
      const account = person === undefined ? `nobody:${id}` : personKey(person.id);
      const otp: OtpRow = {
        id,
        purpose,
        channel,
        accountKey: account,
        personId: person?.id ?? null,
        destinationSealed: null,
        askedKey,
        hints: context.hints,
        locale: context.locale,
      };
      return db.write(asSystem(context.traceId), (tx) => send(tx, otp, hiddenKeys(otp, undefined)));
    },
    issue: (tx, { purpose, channel, person, locale, destination }) => {
      const id = uuidv7();
      const account = person === undefined ? addressKey(destination!) : personKey(person.id);
      const otp: OtpRow = {
        id,
        purpose,
        channel,
        accountKey: account,
        personId: person?.id ?? null,
        destinationSealed: destination === undefined ? null : seal(destination, keys.data, place(id)),
        askedKey: `${account}:${purpose}`,
        hints: [],
        locale,
      };
      return send(tx, otp, hiddenKeys(otp, destination));
    },
    resend: (requestId, traceId) =>
      db.write(asSystem(traceId), async (tx) => {
        const before = await findOtp(tx, requestId);
        if (before === undefined || before.verifiedAt !== null) throw notFound();
        const { verifiedAt: _verified, ...same } = before;
        const id = uuidv7();
        const destination = destinationOf(before);
        const destinationSealed = destination === undefined ? null : seal(destination, keys.data, place(id));
        return send(tx, { ...same, id, destinationSealed }, hiddenKeys(before, destination));
      }),
    verify: async (requestId, code, context) => {
      const verified = await verify(requestId, code, context.traceId);
      if (verified === undefined) throw invalid('/code', 'WRONG_CODE');
      const { purpose, ticket, person, channel } = verified;
      if (purpose !== 'login') return { purpose, ticket };
      if (person === undefined) throw invalid('/code', 'WRONG_CODE');
      return { purpose, signedIn: await signIn.withOtp(person, channel, context) };
    },
    check: async (tx, ticket, purpose, pointer) => {
      const found = await findTicket(tx, hashOf(ticket), purpose, oldestTicket(tx));
      if (found === undefined) throw invalid(pointer, 'WRONG_TICKET');
      return found;
    },
    redeem: async (tx, ticket, purpose, pointer) => {
      const spent = await spendTicket(tx, hashOf(ticket), purpose, oldestTicket(tx));
      if (spent === undefined) throw invalid(pointer, 'WRONG_TICKET');
      return spent;
    },
    giveBack: (tx, { id }, ticket) => giveBackTicket(tx, id, hashOf(ticket)),
    destinationOf,
  };
};

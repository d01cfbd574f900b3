import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../../../platform/db/database.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import { invalid } from '../../../platform/problem.ts';
import type { OtpReceipt, Otps, StoredOtp } from '../otp/otp.service.ts';
import { normalizeEmail } from '../persons/identifiers.ts';
import type { Persons } from '../persons/persons.service.ts';
import type { NewPerson, Registration } from '../persons/registration.service.ts';

/** What a new company is; nothing of its kind, plan or anybody's role is for the caller to say. */
export interface SignUpRequest {
  /** Of the verified code that went to the owner's address. */
  readonly ticket: string;
  readonly company: {
    readonly name: string;
    readonly slug: string;
    readonly timezone: string;
    readonly locale: Locale;
  };
  readonly firstName: string;
  readonly lastName: string;
  readonly password: string;
  readonly totp?: string | undefined;
}

/** What the companies' module gives: a pending company with its owner, in the operator's transaction. */
export interface CompanyFounding {
  found(
    tx: Tx,
    company: SignUpRequest['company'],
    founder: { firstName: string; lastName: string; email: string },
    personId: string,
  ): Promise<{ id: string; slug: string; name: string; status: string }>;
}

interface SignUpDependencies {
  readonly persons: Pick<Persons, 'asSystem' | 'findByEmail'>;
  readonly registration: Registration;
  readonly otps: Pick<Otps, 'issue' | 'check' | 'redeem' | 'destinationOf'>;
  readonly companies: () => CompanyFounding;
}

export interface SignUp {
  /** Sends a code to the address; whether anybody has it already is not said. */
  verifyEmail(email: string, context: PublicContext): Promise<OtpReceipt>;
  /**
   * Makes the company and its owner, all or nothing; an owner who is known already proves it with the password they have.
   * Throws 401, 409, 422.
   */
  signUp(
    request: SignUpRequest,
    context: PublicContext,
  ): Promise<{ id: string; slug: string; name: string; status: string }>;
}

/** Self-registration of companies. */
export const createSignUp = ({ persons, registration, otps, companies }: SignUpDependencies): SignUp => ({
  verifyEmail: (email, { traceId, locale }) =>
    persons.asSystem(traceId, (tx) => {
      const destination = normalizeEmail(email);
      return otps.issue(tx, { purpose: 'verify_email', channel: 'email', person: undefined, locale, destination });
    }),
  signUp: async ({ ticket, company, firstName, lastName, password, totp }, context) => {
    const { traceId } = context;
    const id = uuidv7();
    const emailOf = (otp: StoredOtp): string => {
      const email = otps.destinationOf(otp);
      if (email === undefined || otp.personId !== null) throw invalid('/ticket', 'WRONG_TICKET');
      return email;
    };
    const make = async (tx: Tx, person: NewPerson): Promise<string> => {
      const made = await registration.createUser(tx, person, password);
      return (await registration.insert(tx, person, made, 'active')).id;
    };
    const known = await persons.asSystem(traceId, async (tx) => {
      const email = emailOf(await otps.check(tx, ticket, 'verify_email', '/ticket'));
      const found = await persons.findByEmail(tx, email);
      if (found === undefined) await registration.announce(tx, id);
      return found;
    });
    if (known !== undefined) await registration.prove(known, { password, totp }, context);
    return persons.asSystem(traceId, async (tx) => {
      const email = emailOf(await otps.redeem(tx, ticket, 'verify_email', '/ticket'));
      const person = { id, firstName, lastName, email, locale: company.locale };
      if (known !== undefined) await registration.keep(tx, known.id);
      return companies().found(tx, company, person, known?.id ?? (await make(tx, person)));
    });
  },
});

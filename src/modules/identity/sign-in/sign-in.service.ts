import { decodeJwt } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import type { Directory, Membership } from '../../../platform/access/directory.ts';
import type { Configuration } from '../../../platform/configuration.ts';
import type { Database } from '../../../platform/db/database.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import type { Authentication } from '../../../platform/http/authentication.ts';
import type { Beat } from '../../../platform/http/beat.ts';
import type { CompanyHint } from '../../../platform/http/company-hints.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import { forbidden, Problem } from '../../../platform/problem.ts';
import { IdentityProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProviderErrorCode } from '../../../platform/identity-provider/errors.ts';
import type {
  IdentityProvider,
  PasswordProof,
  SignInClient,
  TokenSet,
} from '../../../platform/identity-provider/port.ts';
import type { RateLimits } from '../../../platform/http/rate-limits.ts';
import type { Legacy } from '../legacy/legacy.service.ts';
import { maySignIn } from '../persons/admission.ts';
import type { PersonRow, Persons, Wanted } from '../persons/persons.service.ts';
import type { Endings } from '../sessions/endings.service.ts';
import type { Sessions } from '../sessions/sessions.service.ts';
import { OTP_SIGN_IN_SETTING } from './settings.ts';

interface SignInDependencies {
  readonly db: Pick<Database, 'read'>;
  readonly directory: Pick<Directory, 'company'>;
  readonly configuration: Configuration;
  readonly identityProvider: Pick<
    IdentityProvider,
    'passwordGrant' | 'otpGrant' | 'exchangeCode' | 'refresh' | 'users'
  >;
  readonly persons: Persons;
  readonly legacy: Pick<Legacy, 'first'>;
  readonly authentication: Pick<Authentication, 'verify'>;
  readonly sessions: Pick<Sessions, 'open' | 'choose' | 'admits'>;
  readonly endings: Pick<Endings, 'endAtProvider'>;
  readonly rates: RateLimits;
  readonly beat: Beat;
}

/** What a sign-in answers; lifetimes in seconds. */
export interface SignedIn {
  readonly tokenType: 'Bearer';
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken: string;
  readonly refreshExpiresIn: number;
}

export interface SignedInTo extends SignedIn {
  readonly company: { readonly id: string; readonly slug: string; readonly name: string };
}

export interface SignIn {
  /**
   * Signs in on the worker client with RUT or email and password. Unknown, wrong, locked, disabled, and without a place in
   * the company that is named are one answer, 401 INVALID_CREDENTIALS, at the same time; so is tried too often by several
   * names. 400 for a RUT without a company, 403 for a company that is suspended, 429 for tried too often by this one.
   */
  withPassword(request: { identifier: string } & PasswordProof, context: PublicContext): Promise<SignedInTo>;
  /** Signs a person in whose one-time password was verified, where the company takes it. */
  withOtp(person: PersonRow, channel: 'email' | 'sms', context: PublicContext): Promise<SignedInTo>;
  /** Throws 403 where the company that is named is suspended, before anybody is looked for: nobody signs in to it here. */
  mustTakeIn(hints: readonly CompanyHint[]): Promise<void>;
  /** Whether the company that this person would enter takes one-time passwords over this channel, or over any. */
  allowsOtp(personId: string, hints: readonly CompanyHint[], channel?: 'email' | 'sms'): Promise<boolean>;
  /**
   * Tokens for a code of the provider's page, where a request with them would be let in; else 403 NOT_ADMITTED, and the
   * provider's session ends too. Throws IdentityProviderError token_not_active for a code that is no good.
   */
  redeem(request: Parameters<IdentityProvider['exchangeCode']>[0]): Promise<TokenSet>;
  /** New tokens where a request with them would be let in; else 401, and the provider's session ends too. */
  refresh(refreshToken: string, clients: readonly SignInClient[]): Promise<SignedIn>;
}

export const toSignedIn = (tokens: TokenSet): SignedIn => ({
  tokenType: 'Bearer',
  accessToken: tokens.accessToken,
  expiresIn: tokens.expiresIn,
  refreshToken: tokens.refreshToken,
  refreshExpiresIn: tokens.refreshExpiresIn,
});

/** The client that a refresh token says it is of; the provider checks it. */
export const clientOfRefresh = (token: string, clients: readonly SignInClient[]): SignInClient => {
  try {
    const { azp } = decodeJwt(token);
    return clients.find((client) => client === azp) ?? clients[0]!;
  } catch {
    return clients[0]!;
  }
};

const REFUSED: readonly IdentityProviderErrorCode[] = ['invalid_credentials', 'account_disabled'];
const isRefusal = (error: unknown, codes: readonly IdentityProviderErrorCode[]): boolean =>
  error instanceof IdentityProviderError && codes.includes(error.code);

/** Sign-in on the worker client. */
export const createSignIn = (dependencies: SignInDependencies): SignIn => {
  const { db, directory, configuration, identityProvider, authentication, persons, legacy, sessions, endings } =
    dependencies;
  const { rates, beat } = dependencies;

  const refuse = (cause?: unknown): Problem => new Problem(401, 'INVALID_CREDENTIALS', { cause });

  const grant = async (ask: () => Promise<TokenSet>): Promise<TokenSet> => {
    try {
      return await ask();
    } catch (error) {
      throw isRefusal(error, REFUSED) ? refuse(error) : error;
    }
  };

  /** The company that a person would enter, if there is one. */
  const placeOf = async (personId: string, hints: readonly CompanyHint[]): Promise<Membership | undefined> => {
    try {
      return await sessions.choose(personId, hints, 'worker');
    } catch (error) {
      if (error instanceof Problem && error.status === 403) return undefined;
      throw error;
    }
  };

  const mustTakeIn: SignIn['mustTakeIn'] = async (hints) => {
    if ((await directory.company(hints))?.isSuspended === true) throw forbidden('COMPANY_SUSPENDED');
  };

  const begin = async (
    person: PersonRow | undefined,
    tokens: TokenSet,
    context: PublicContext,
  ): Promise<SignedInTo> => {
    try {
      if (person === undefined || person.keycloakId !== tokens.userId || !maySignIn(person)) throw refuse();
      const membership = await placeOf(person.id, context.hints);
      if (membership === undefined) throw refuse();
      context.speak(person.locale);
      const { companyId, profileId, companySlug, companyName } = membership;
      const { sid, accessToken } = tokens;
      const session = { companyId, profileId, personId: person.id, kind: 'member', client: 'worker', sid } as const;
      if (!(await sessions.open(session, await authentication.verify(accessToken), context))) throw refuse();
      return { ...toSignedIn(tokens), company: { id: companyId, slug: companySlug, name: companyName } };
    } catch (error) {
      await endings.endAtProvider(tokens.sid);
      throw error;
    }
  };

  const allowsOtp: SignIn['allowsOtp'] = async (personId, hints, channel) => {
    const found = await placeOf(personId, hints);
    if (found === undefined) return false;
    const scope = systemScope(found.companyId, 'otp', personId);
    const allowed = await db.read(scope, (reader) => configuration.get(reader, OTP_SIGN_IN_SETTING));
    return channel === undefined ? Object.values(allowed).includes(true) : allowed[channel];
  };

  /**
   * The person with what was typed, while nobody tried them too often by whatever name they have. Then they are nobody, and not
   * 429: that would tell that two names are of one person, which a stranger cannot know.
   */
  const triable = async (wanted: Wanted, traceId: string): Promise<PersonRow | undefined> => {
    const person = await persons.identify(wanted, traceId);
    if (person === undefined) return undefined;
    try {
      await rates.count('signIn', `person:${person.id}`);
      return person;
    } catch (error) {
      if (error instanceof Problem && error.status === 429) return undefined;
      throw error;
    }
  };

  /** Whether a request with these tokens would be let in; where not, the provider's session ends. */
  const isLetIn = async ({ accessToken, sid }: TokenSet): Promise<boolean> => {
    if (await sessions.admits(await authentication.verify(accessToken))) return true;
    await endings.endAtProvider(sid);
    return false;
  };

  return {
    mustTakeIn,
    withPassword: async ({ identifier, ...proof }, context) => {
      await mustTakeIn(context.hints);
      const wanted = await persons.wantedBy(identifier, context.hints);
      await rates.count('signIn', `account:${wanted.hashes[0]}`);
      return beat(async () => {
        const person = await triable(wanted, context.traceId);
        const username = persons.usernameOf(person?.id ?? uuidv7());
        const { address, traceId } = context;
        const ask = () => identityProvider.passwordGrant({ ...proof, username, address });
        const { password } = proof;
        const tokens = await grant(() => legacy.first({ personId: person?.id, password, traceId }, ask));
        return begin(person, tokens, context);
      });
    },
    allowsOtp,
    withOtp: async (person, channel, context) => {
      await mustTakeIn(context.hints);
      if (!(await allowsOtp(person.id, context.hints, channel))) throw refuse();
      const username = persons.usernameOf(person.id);
      const { address } = context;
      return begin(person, await grant(() => identityProvider.otpGrant({ username, address })), context);
    },
    redeem: async (request) => {
      const tokens = await identityProvider.exchangeCode(request).catch((error: unknown) => {
        throw isRefusal(error, ['account_disabled']) ? forbidden('NOT_ADMITTED', { cause: error }) : error;
      });
      if (!(await isLetIn(tokens))) throw forbidden('NOT_ADMITTED');
      // Whoever was at the page already when a new password was required of them went on there.
      if ((await identityProvider.users.passwordState(tokens.userId)).isRequired) {
        await endings.endAtProvider(tokens.sid);
        throw forbidden('NOT_ADMITTED');
      }
      return tokens;
    },
    refresh: async (refreshToken, clients) => {
      try {
        const client = clientOfRefresh(refreshToken, clients);
        const tokens = await identityProvider.refresh({ client, refreshToken });
        if (await isLetIn(tokens)) return toSignedIn(tokens);
      } catch (error) {
        if (!isRefusal(error, [...REFUSED, 'token_not_active'])) throw error;
      }
      throw new Problem(401, 'INVALID_TOKEN');
    },
  };
};

/**
 * - invalid_credentials: unknown, wrong or locked; callers answer all three alike
 * - account_disabled: the right credentials of a disabled account; callers answer as for invalid_credentials
 * - scope_unknown: a scope that the provider was not told of for this client
 * - token_not_active: a refresh token or code that is expired, spent, revoked or not ours
 * - conflict: the username, email or client id is taken
 * - not_found: no such user or machine client
 * - password_refused: the password breaks the provider's policy
 * - unavailable: no answer in time, or an answer that makes no sense; worth another try later
 * - misconfigured: the provider refuses this service itself; an operator has to mend settings
 */
export type IdentityProviderErrorCode =
  | 'invalid_credentials'
  | 'account_disabled'
  | 'scope_unknown'
  | 'token_not_active'
  | 'conflict'
  | 'not_found'
  | 'password_refused'
  | 'unavailable'
  | 'misconfigured';

/** The only error that an identity provider throws. Its message carries no secret and no personal value. */
export class IdentityProviderError extends Error {
  override readonly name = 'IdentityProviderError';
  readonly code: IdentityProviderErrorCode;

  constructor(code: IdentityProviderErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether the provider threw this, with one of these codes. */
export const isProviderError = (error: unknown, ...codes: readonly IdentityProviderErrorCode[]): boolean =>
  error instanceof IdentityProviderError && codes.includes(error.code);

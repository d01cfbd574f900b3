import type { Form } from '../../../platform/http/form.ts';
import { Problem } from '../../../platform/problem.ts';

/** What OAuth (RFC 6749, 5.2; RFC 7009, 2.2.1) calls a refusal, by the code of its problem. */
const ERRORS: Readonly<Record<string, string>> = {
  MALFORMED_REQUEST: 'invalid_request',
  FORM_REQUIRED: 'invalid_request',
  BODY_TOO_LARGE: 'invalid_request',
  INVALID_CREDENTIALS: 'invalid_client',
  INVALID_GRANT: 'invalid_grant',
  INVALID_SCOPE: 'invalid_scope',
  UNSUPPORTED_GRANT_TYPE: 'unsupported_grant_type',
  UNSUPPORTED_TOKEN_TYPE: 'unsupported_token_type',
  COMPANY_PENDING: 'unauthorized_client',
  COMPANY_SUSPENDED: 'unauthorized_client',
};

/** Runs what an OAuth endpoint does: its refusals say `error`, which libraries read, and how a client may show who it is. */
export const inOAuth = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem) || !(error.code in ERRORS)) throw error;
    const { status, code, options } = error;
    throw new Problem(status, code, {
      ...options,
      extra: { ...options.extra, error: ERRORS[code] },
      headers: { ...options.headers, ...(status === 401 && { 'WWW-Authenticate': 'Basic realm="angelis"' }) },
    });
  }
};

/** What a machine client shows of who it is. */
export interface ClientProof {
  readonly clientId: string;
  readonly clientSecret: string;
}

const malformed = (field: string): Problem =>
  new Problem(400, 'MALFORMED_REQUEST', { errors: [{ pointer: `/${field}`, code: 'uniqueItems', in: 'body' }] });

/** One half of what Basic carries, which OAuth writes as in a form. Throws URIError. */
const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const readBasic = (encoded: string): ClientProof => {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  try {
    const [clientId, clientSecret] = [decoded(text.slice(0, Math.max(0, colon))), decoded(text.slice(colon + 1))];
    if (clientId !== '' && clientSecret !== '') return { clientId, clientSecret };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  throw new Problem(401, 'INVALID_CREDENTIALS');
};

/**
 * Who asks for a token by a secret: by HTTP Basic, or by `client_id` and `client_secret` of the form (RFC 6749, 2.3.1). Throws
 * 400 for neither and for both, 401 for a header that cannot be read.
 */
export const clientProof = (form: Form, authorization: string | undefined): ClientProof => {
  const [, encoded] = /^basic +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return { clientId: form.need('client_id'), clientSecret: form.need('client_secret') };
  const proof = readBasic(encoded);
  if (form.get('client_secret') !== undefined) throw malformed('client_secret');
  if ((form.get('client_id') ?? proof.clientId) !== proof.clientId) throw malformed('client_id');
  return proof;
};

/**
 * The scopes that a machine client asks its token to be narrowed to (RFC 6749, 3.3), each once; undefined where it asks for
 * none. Throws 400 INVALID_SCOPE for one that is not among those that it has.
 */
export const scopesAsked = (scope: string | undefined, held: readonly string[]): readonly string[] | undefined => {
  // What is sent without a value counts as left out (RFC 6749, 3.2).
  if (scope === undefined || scope === '') return undefined;
  const asked = [...new Set(scope.split(' '))];
  if (asked.some((one) => !held.includes(one))) throw new Problem(400, 'INVALID_SCOPE');
  return asked;
};

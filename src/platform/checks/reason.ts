/** Why a server could not be spoken to, of what lies below the error of its client. */
export interface Reason {
  readonly says: string;
  readonly advice?: string;
}

// Codes of Node, and the words of OpenSSL for them where a client keeps the words only.
const CERTIFICATES: readonly [pattern: RegExp, reason: Reason][] = [
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/u,
    { says: 'its certificate is for another name', advice: 'write the name that its certificate has, or renew it' },
  ],
  [
    /CERT_HAS_EXPIRED|certificate has expired/u,
    { says: 'its certificate has expired', advice: 'renew its certificate' },
  ],
  [
    /UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(?:_LOCALLY)?)|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|unable to (?:verify the first|get (?:local )?issuer) certificate|self-signed certificate/u,
    {
      says: 'nobody whom this machine trusts vouches for its certificate',
      advice: 'name the PEM file of its authority in NODE_EXTRA_CA_CERTS, and start again',
    },
  ],
];
const NETWORK = /\b(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SSL_\w+)\b/u;
const DEEPEST = 8;

/** The error's text and code, and those of all that caused it. */
const wordsOf = (error: unknown, depth = 0): string[] => {
  if (!(error instanceof Error) || depth > DEEPEST) return [];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const below: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [`${code} ${error.message}`, ...[error.cause, ...below].flatMap((one) => wordsOf(one, depth + 1))];
};

/** What the network or TLS had to say, anywhere in the chain of causes; undefined when neither had. */
export const reasonOf = (error: unknown): Reason | undefined => {
  const words = wordsOf(error).join('\n');
  const certificate = CERTIFICATES.find(([pattern]) => pattern.test(words));
  if (certificate !== undefined) return certificate[1];
  const code = NETWORK.exec(words)?.[0];
  return code === undefined ? undefined : { says: code };
};

import { createHash } from 'node:crypto';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { hmac } from '../../../platform/crypto/sealed.ts';

const ID_BYTES = 16;
const SECRET_BYTES = 32;

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const idOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** What a token names: only with the secret behind it, of which a hash is stored, is it good. */
export interface LinkToken {
  readonly companyId: string;
  readonly linkId: string;
}

/**
 * The token of a mailed link: company, link and 256 bits that only this service can make, from the outbox row that sends
 * it; so every try of the delivery mails the same token and nothing has to keep it.
 */
export const makeLinkToken = (signing: KeyRing, { companyId, linkId }: LinkToken, outboxId: string): string => {
  const mac = hmac(signing, 'accept-link', outboxId);
  const secret = Buffer.from(mac.slice(mac.indexOf('.') + 1), 'base64url');
  return Buffer.concat([bytesOf(companyId), bytesOf(linkId), secret]).toString('base64url');
};

/** Reads the ids in a token; undefined for what cannot be one. */
export const readLinkToken = (token: string): LinkToken | undefined => {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 2 * ID_BYTES + SECRET_BYTES || bytes.toString('base64url') !== token) return undefined;
  return { companyId: idOf(bytes.subarray(0, ID_BYTES)), linkId: idOf(bytes.subarray(ID_BYTES, 2 * ID_BYTES)) };
};

export const hashLinkToken = (token: string): string => createHash('sha256').update(token).digest('base64url');

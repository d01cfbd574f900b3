import { createHash, timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { hmac } from '../../../platform/crypto/sealed.ts';

const ID_BYTES = 16;
const SECRET_BYTES = 32;

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const idOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** What a token names: only with the secret behind it, of which a hash is stored, is it good. */
export interface InvitationToken {
  readonly companyId: string;
  readonly invitationId: string;
}

/**
 * The token of a mailed link: company, invitation and 256 bits that only this service can make, from the outbox row that
 * sends it; so every try of the delivery mails the same token and nothing has to keep it.
 */
export const makeInvitationToken = (
  signing: KeyRing,
  { companyId, invitationId }: InvitationToken,
  outboxId: string,
): string => {
  const mac = hmac(signing, 'invitation', outboxId);
  const secret = Buffer.from(mac.slice(mac.indexOf('.') + 1), 'base64url');
  return Buffer.concat([bytesOf(companyId), bytesOf(invitationId), secret]).toString('base64url');
};

/** Reads the ids in a token; undefined for what cannot be one. */
export const readInvitationToken = (token: string): InvitationToken | undefined => {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 2 * ID_BYTES + SECRET_BYTES || bytes.toString('base64url') !== token) return undefined;
  return { companyId: idOf(bytes.subarray(0, ID_BYTES)), invitationId: idOf(bytes.subarray(ID_BYTES, 2 * ID_BYTES)) };
};

export const hashInvitationToken = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** Whether `token` is the one whose hash is stored, in the same time whatever it is. */
export const isTokenOf = (stored: string | null | undefined, token: string): boolean => {
  const given = Buffer.from(hashInvitationToken(token));
  const kept = Buffer.from(stored ?? '');
  return given.length === kept.length && timingSafeEqual(given, kept);
};

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Key, KeyRing } from '../crypto/key-ring.ts';

/** What a link says; readable by whoever holds it, so never a secret or a personal value. */
export type Claims = Readonly<Record<string, string | number>>;

export type Verdict = { ok: true; claims: Claims; expiresAt: Date } | { ok: false; reason: 'invalid' | 'expired' };

const LONGEST_TOKEN = 4096;

/**
 * A token for a link, `payload.keyId.signature` in base64url: HMAC-SHA-256 over purpose, claims and expiry.
 * It opens one purpose only and ends at `expiresAt` (whole seconds, rounded down).
 */
export function sign(link: { purpose: string; claims: Claims; expiresAt: Date }, keyRing: KeyRing): string {
  const expires = Math.floor(link.expiresAt.getTime() / 1000);
  const payload = Buffer.from(JSON.stringify({ expires, claims: link.claims })).toString('base64url');
  return `${payload}.${keyRing.current.id}.${signature(keyRing.current, link.purpose, payload)}`;
}

/**
 * What a token of {@link sign} says, if it was signed for this purpose by a key of the ring and has not ended.
 * Never throws; the signature is compared in constant time and before anything else is read.
 */
export function verify(token: string, expected: { purpose: string; now: Date }, keyRing: KeyRing): Verdict {
  const invalid: Verdict = { ok: false, reason: 'invalid' };
  if (token.length > LONGEST_TOKEN) return invalid;
  const [payload, keyId, mac, ...rest] = token.split('.');
  const key = keyRing.find(keyId ?? '');
  if (!payload || !key || !mac || rest.length > 0) return invalid;
  const given = Buffer.from(mac);
  const right = Buffer.from(signature(key, expected.purpose, payload));
  if (given.length !== right.length || !timingSafeEqual(given, right)) return invalid;
  const signed = readPayload(payload);
  if (!signed) return invalid;
  const expiresAt = new Date(signed.expires * 1000);
  if (expiresAt <= expected.now) return { ok: false, reason: 'expired' };
  return { ok: true, claims: signed.claims, expiresAt };
}

function signature({ key }: Key, purpose: string, payload: string): string {
  return createHmac('sha256', key).update(`link\0${purpose}\0${payload}`).digest('base64url');
}

function readPayload(payload: string): { expires: number; claims: Claims } | undefined {
  const value: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  return isPayload(value) ? value : undefined;
}

function isPayload(value: unknown): value is { expires: number; claims: Claims } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'expires' in value &&
    typeof value.expires === 'number' &&
    'claims' in value
  );
}

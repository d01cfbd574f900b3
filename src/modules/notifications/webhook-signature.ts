import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const BYTES = 32;

/** A fresh secret: `whsec_` and 32 random bytes in base64, as Standard Webhooks writes it. */
export const newSecret = (): string => `${PREFIX}${randomBytes(BYTES).toString('base64')}`;

/** What a receiver checks a message by. */
export interface Signed {
  /** The same on every try. */
  readonly id: string;
  readonly at: Date;
  readonly body: string;
}

/**
 * The headers of a message, signed under each secret: HMAC-SHA-256 over `id.timestamp.body`, the timestamp in seconds
 * (Standard Webhooks 1.0.0, https://www.standardwebhooks.com). Receivers refuse old timestamps against replays.
 */
export const signatureHeaders = ({ id, at, body }: Signed, secrets: readonly string[]): Record<string, string> => {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
};

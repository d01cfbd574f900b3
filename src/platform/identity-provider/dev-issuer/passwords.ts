import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Salt and hash in base64url. */
export interface PasswordHash {
  salt: string;
  hash: string;
}

// Cheaper than production would be: about 10 ms, so that a suite may sign in hundreds of times.
const COST = { N: 4096, r: 8, p: 1 };
const LENGTH = 32;
const NOBODY: PasswordHash = { salt: 'bm9ib2R5', hash: Buffer.alloc(LENGTH).toString('base64url') };

function derive(password: string, salt: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, LENGTH, COST, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16).toString('base64url');
  return { salt, hash: (await derive(password, salt)).toString('base64url') };
}

/** Takes as long for somebody without a password as for a wrong one. */
export async function passwordMatches(password: string, stored: PasswordHash | undefined): Promise<boolean> {
  const { salt, hash } = stored ?? NOBODY;
  const same = timingSafeEqual(await derive(password, salt), Buffer.from(hash, 'base64url'));
  return same && stored !== undefined;
}

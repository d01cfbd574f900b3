import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { lookupHashes } from '../../../platform/crypto/sealed.ts';
import { parseRut } from '../../../platform/text/rut.ts';

/** What somebody typed to say who they are, in the form that is stored and hashed. */
export interface Identifier {
  readonly kind: 'email' | 'rut' | 'unknown';
  readonly value: string;
}

/** An address as it is kept and looked up: `Ana@Example.cl ` → `ana@example.cl`. Case and the form of letters tell nobody apart. */
export const normalizeEmail = (text: string): string => text.trim().normalize('NFC').toLowerCase();

/** Reads a RUT or an email. What is neither is kept, so that it can be counted and answered like the rest. */
export const readIdentifier = (text: string): Identifier => {
  if (text.includes('@')) return { kind: 'email', value: normalizeEmail(text) };
  const parsed = parseRut(text);
  return parsed.ok ? { kind: 'rut', value: parsed.rut.value } : { kind: 'unknown', value: text.trim().toLowerCase() };
};

/** The keyed hashes under which a person with this email may stand, the current key's first. */
export const identifierHashes = (lookup: KeyRing, { kind, value }: Identifier): string[] =>
  lookupHashes(lookup, `person:${kind}`, value);

/**
 * The name under which the identity provider knows a person: opaque, and never asked for. Nobody has to look it up, so
 * that signing in to an account that does not exist takes the same steps.
 */
export const usernameOf = (personId: string): string => `u-${personId}`;

const USERNAME = /^u-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Whose user at the identity provider this is; undefined for one that this system did not make. */
export const personIdOf = (username: string): string | undefined => USERNAME.exec(username)?.[1];

import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** What people write: with letters of any language, and nothing that is no part of a name. */
const WRITTEN = /^[\p{L}\p{M}\p{N}.-]+$/u;
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
/** Of DNS, less the name of the record. */
const LONGEST = 240;

/** The name at which a company's text proves that a host is theirs. */
export const recordNameOf = (host: string): string => `_angelis.${host}`;

/** The text that stands there. */
export const recordValueOf = (token: string): string => `angelis-domain=${token}`;

/**
 * The written form of a host: lower case, without a dot at its end, letters beyond ASCII as DNS has them (`xn--…`). Undefined
 * for what is no host with a domain: an address, a name without a dot, one with a port or path.
 */
export const hostOf = (given: string): string | undefined => {
  const written = given.trim().replace(/\.$/, '');
  const host = WRITTEN.test(written) ? domainToASCII(written).toLowerCase() : '';
  const labels = host.split('.');
  const isHost = labels.length > 1 && host.length <= LONGEST && labels.every((label) => LABEL.test(label));
  return isHost && isIP(host) === 0 && !/^\d+$/.test(labels.at(-1)!) ? host : undefined;
};

/** Whether a host is the service's own, or below it: those name companies by their slug. */
export const isBelow = (host: string, own: string): boolean => host === own || host.endsWith(`.${own}`);

import { Resolver } from 'node:dns/promises';
import { Problem } from '../problem.ts';

/** The texts that stand at a name in DNS; none where there are none. Throws 503 when nobody could say. */
export type TxtRecords = (name: string) => Promise<readonly string[]>;

interface TxtRecordsOptions {
  /** Servers that are asked, `address:port`. Default: those of the machine. */
  readonly servers?: readonly string[];
  /** Ms that a server has. */
  readonly timeout?: number;
  readonly tries?: number;
}

/** Answers of a server that knows the name, or knows that there is none. */
const NOTHING: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND']);
const RETRY_AFTER = 30;

/** Asks servers of DNS, not the files of this machine. A text in several parts is one. */
export const createTxtRecords = ({ servers, timeout = 2_000, tries = 2 }: TxtRecordsOptions = {}): TxtRecords => {
  const resolver = new Resolver({ timeout, tries });
  if (servers !== undefined) resolver.setServers([...servers]);
  return async (name) => {
    try {
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    } catch (error) {
      if (error instanceof Error && 'code' in error && NOTHING.has(error.code)) return [];
      throw new Problem(503, 'DNS_UNAVAILABLE', { cause: error, retryAfter: RETRY_AFTER });
    }
  };
};

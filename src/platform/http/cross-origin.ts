import cors from 'cors';
import type { CorsOptions } from 'cors';
import type { Request, RequestHandler } from 'express';
import type { Directory } from '../access/directory.ts';
import type { RequestContexts } from './request-context.ts';

const SHARED: CorsOptions = {
  exposedHeaders: [
    'Location',
    'ETag',
    'Retry-After',
    'RateLimit',
    'RateLimit-Policy',
    'X-Request-Id',
    'Content-Disposition',
    'Idempotency-Replayed',
  ],
  maxAge: 600,
};

interface CrossOriginOptions {
  /** Origins of the settings: pages of the service itself. */
  readonly origins: readonly string[];
  readonly directory: Pick<Directory, 'isCompanyHost'>;
  readonly contexts: Pick<RequestContexts, 'hint'>;
}

/** The host of an origin that can be a company's: https, on its own port. */
const hostOf = (origin: string): string | undefined =>
  /^https:\/\/[a-z0-9.-]+$/.test(origin) ? origin.slice('https://'.length) : undefined;

/**
 * Which pages may read answers: those of the settings, and those at a company's verified domain. A page at a company's domain
 * names that company with every request, and gets no cookies: it speaks for nobody else.
 */
export const crossOrigin = ({ origins, directory, contexts }: CrossOriginOptions): RequestHandler => {
  const listed = cors({ ...SHARED, origin: [...origins], credentials: true });
  const ofCompany = cors({ ...SHARED, origin: true });
  const isVerified = async (host: string | undefined): Promise<boolean> =>
    host !== undefined && (await directory.isCompanyHost(host));
  return (request: Request, response, next) => {
    const { origin } = request.headers;
    if (origin === undefined || origins.includes(origin)) {
      listed(request, response, next);
      return;
    }
    const host = hostOf(origin);
    isVerified(host).then((verified) => {
      if (verified) contexts.hint(request, { kind: 'domain', value: host! });
      (verified ? ofCompany : listed)(request, response, next);
    }, next);
  };
};

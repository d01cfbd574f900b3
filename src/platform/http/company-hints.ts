import type { Request } from 'express';
import type { Principal } from '../access/principal.ts';
import { forbidden, Problem } from '../problem.ts';

/** How a request names the company it means, before anybody knows who asks. */
export interface CompanyHint {
  readonly kind: 'slug' | 'id' | 'domain';
  readonly value: string;
}

const SLUG = /^[a-z0-9-]{3,63}$/;
const PATH = /^\/angelis\/c\/([^/?]+)(?=\/|\?|$)/;

export interface HintOptions {
  /** Host of the service itself (`app.example.com`): one label before it is a company's slug, another host a custom domain. */
  readonly host: string;
}

const fromHost = (request: Request, { host }: HintOptions): CompanyHint[] => {
  const name = request.hostname.toLowerCase();
  if (name === host || name === 'localhost' || /^[\d.:[\]]+$/.test(name)) return [];
  const label = name.endsWith(`.${host}`) ? name.slice(0, -host.length - 1) : undefined;
  if (label !== undefined) return SLUG.test(label) ? [{ kind: 'slug', value: label }] : [];
  return host === 'localhost' ? [] : [{ kind: 'domain', value: name }];
};

/**
 * Reads every hint: headers X-Company-Slug and X-Company-Id, subdomain, custom domain, and the path `/angelis/c/:slug/…`,
 * which is cut out of the URL; capitals mean nothing in any. Throws 400 when two slugs differ.
 */
export const readCompanyHints = (request: Request, options: HintOptions): CompanyHint[] => {
  const path = PATH.exec(request.url)?.[1]?.toLowerCase();
  if (path !== undefined) request.url = request.url.replace(PATH, '/angelis');
  const slug = request.get('x-company-slug')?.toLowerCase();
  const id = request.get('x-company-id');
  const hints: CompanyHint[] = [
    ...(path === undefined ? [] : [{ kind: 'slug' as const, value: path }]),
    ...(slug === undefined ? [] : [{ kind: 'slug' as const, value: slug }]),
    ...(id === undefined ? [] : [{ kind: 'id' as const, value: id.toLowerCase() }]),
    ...fromHost(request, options),
  ];
  const slugs = new Set(hints.filter(({ kind }) => kind === 'slug').map(({ value }) => value));
  if (slugs.size > 1) throw new Problem(400, 'COMPANY_HINTS_DIFFER');
  return hints;
};

/** How a company is named. */
type Named = Pick<Principal, 'companyId' | 'companySlug' | 'customDomain'>;

const names = ({ kind, value }: CompanyHint, principal: Named): boolean => {
  if (kind === 'slug') return principal.companySlug === value;
  return kind === 'id' ? principal.companyId === value : principal.customDomain === value;
};

/** Whether every hint names the company. */
export const areNamed = (hints: readonly CompanyHint[], principal: Named): boolean =>
  hints.every((hint) => names(hint, principal));

/** Where it is known which company is meant, by a session or a mailed link, every hint must name it, else 403; whether they agree is asked of the directory. */
export const checkCompanyHints = (hints: readonly CompanyHint[], principal: Named): void => {
  if (!areNamed(hints, principal)) throw forbidden('OTHER_COMPANY');
};

import { sameScope } from './allowance.ts';
import type { Allowance, Way } from './allowance.ts';
import type { About, Catalogue } from './catalogue.ts';
import { REACHES } from './principal.ts';
import type { Grant, GrantScope, Principal, Reach } from './principal.ts';

/** Why a permission is not held; `NEEDS_COMPANY`: it is about the company as a whole, and granted in a scope only. */
export const LACKS = ['NOT_GRANTED', 'DENIED', 'TOKEN_SCOPE', 'NEEDS_COMPANY'] as const;
export type Lack = (typeof LACKS)[number];

export type Decision<Because extends string = string> =
  | ({ readonly allowed: true } & Allowance)
  | { readonly allowed: false; readonly because: Because };

/** Whether a pattern (`area:resource:action`, each part also `*`) covers a permission or a narrower pattern. */
export const matches = (pattern: string, permission: string): boolean => {
  if (pattern === permission) return true;
  const wanted = permission.split(':');
  return pattern.split(':').every((part, index) => part === '*' || part === wanted[index]);
};

/**
 * The company-wide way first, then those within scopes, the furthest first: only those that go further, unless something
 * is denied in a scope, where what is granted nearer still holds.
 */
const distinctWays = (held: readonly Grant[], hasExceptions: boolean): Way[] => {
  const wide = REACHES.findLastIndex((reach) =>
    held.some((grant) => grant.scope === undefined && grant.reach === reach),
  );
  const scoped = REACHES.slice(hasExceptions ? 0 : wide + 1).flatMap((reach) => {
    const scopes = held.flatMap((grant) => (grant.reach === reach ? (grant.scope ?? []) : []));
    return scopes.length > 0 ? [{ reach, scopes }] : [];
  });
  return [...(wide < 0 ? [] : [{ reach: REACHES[wide]!, scopes: [] }]), ...scoped.toReversed()];
};

const distinctScopes = (grants: readonly Grant[]): GrantScope[] =>
  grants
    .flatMap(({ scope }) => scope ?? [])
    .filter((scope, index, all) => all.findIndex((other) => sameScope(other, scope)) === index);

type Told = Pick<Principal, 'grants' | 'tokenScopes'>;

const lacking = (because: Lack): Decision<Lack> => ({ allowed: false, because });
const furthest = (held: readonly Grant[]): Reach =>
  REACHES.findLast((reach) => held.some((grant) => grant.reach === reach)) ?? 'self';
/** A permission that no row bounds. */
const unbound = (held: readonly Grant[]): Decision<Lack> => ({ allowed: true, reach: furthest(held), scopes: [] });

/** What is granted where it is not denied: at the same scope deny beats grant. */
const heldOf = (granted: readonly Grant[], denied: readonly Grant[]): Grant[] =>
  granted.filter(({ scope }) => !denied.some((deny) => sameScope(deny.scope, scope)));

/** Of scopes the nearest decides; which department is nearer is for whoever reads rows. */
const ofRows = (granted: readonly Grant[], denied: readonly Grant[]): Decision<Lack> => {
  const held = heldOf(granted, denied);
  const except = distinctScopes(denied);
  const [first, ...others] = distinctWays(held, except.length > 0);
  if (first === undefined) return lacking(denied.length > 0 ? 'DENIED' : 'NOT_GRANTED');
  return {
    allowed: true,
    ...first,
    ...(others.length > 0 && { further: others }),
    ...(except.length > 0 && { except }),
  };
};

const ofEverybody = (granted: readonly Grant[], denied: readonly Grant[]): Decision<Lack> => {
  const held = heldOf(granted, denied);
  if (held.length > 0) return unbound(held);
  return lacking(denied.length > 0 ? 'DENIED' : 'NOT_GRANTED');
};

const ofCompany = (granted: readonly Grant[], denied: readonly Grant[]): Decision<Lack> => {
  if (denied.length > 0) return lacking('DENIED');
  const wide = granted.filter(({ scope }) => scope === undefined);
  if (wide.length > 0) return unbound(wide);
  return lacking(granted.length > 0 ? 'NEEDS_COMPANY' : 'NOT_GRANTED');
};

/**
 * Decides one permission by what it is about: a deny for the company is final; what scopes say is for each kind its own matter
 * (catalogue.ts). One of which nobody said what it is about is of the strictest kind. Of rows it is held in every way in which
 * it was granted; which of two departments is nearer is for whoever reads them to ask (organization/reach.ts). Token scopes
 * narrow first. Pure, so it can be explained and tested.
 */
export const decide = ({ grants, tokenScopes }: Told, permission: string, about: About | undefined): Decision<Lack> => {
  if (tokenScopes !== undefined && !tokenScopes.some((scope) => matches(scope, permission)))
    return lacking('TOKEN_SCOPE');
  const relevant = grants.filter((grant) => matches(grant.permission, permission));
  const denied = relevant.filter(({ effect }) => effect === 'deny');
  if (denied.some(({ scope }) => scope === undefined)) return lacking('DENIED');
  const granted = relevant.filter(({ effect }) => effect === 'grant');
  if (about === 'rows') return ofRows(granted, denied);
  return about === 'everybody' ? ofEverybody(granted, denied) : ofCompany(granted, denied);
};

/** Decides by the catalogue of the modules that there are. */
export type Decide = (principal: Told, permission: string) => Decision<Lack>;

/** A decision function that remembers its answers for one principal: the request path asks the same few again and again. */
export const createDecider = (catalogue: () => Catalogue): Decide => {
  const known = new WeakMap<Told, Map<string, Decision<Lack>>>();
  return (principal, permission) => {
    const answers = known.get(principal) ?? new Map<string, Decision<Lack>>();
    known.set(principal, answers);
    const answer = answers.get(permission) ?? decide(principal, permission, catalogue()[permission]);
    answers.set(permission, answer);
    return answer;
  };
};

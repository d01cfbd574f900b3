import { getCountryCallingCode } from 'libphonenumber-js/min';
import type { Decision } from '../../../platform/access/decision.ts';
import type { Principal } from '../../../platform/access/principal.ts';
import type { Bind, Finder } from '../../../platform/db/list.ts';
import { prefixRange } from '../../../platform/db/search.ts';
import type { RateLimits } from '../../../platform/http/rate-limits.ts';
import type { Context } from '../../../platform/module.ts';
import { visibleProfiles } from '../reach.ts';
import type { NationalIds } from './national-id.ts';

interface SearchDependencies {
  readonly nationalIds: Pick<NationalIds, 'possible'>;
  readonly decide: (principal: Principal, permission: string) => Decision;
  readonly rates: Pick<RateLimits, 'count'>;
}

/** Makes SQL that selects the ids of people. */
type Way = (bind: Bind) => string;

/** Of fewer digits too many phones begin so. */
const PHONE = /^\d{6,15}$/;
const ADDRESS = /^[^\s\p{Cc}@]*@[^\s\p{Cc}@]*$/u;
/** As for contact data: a number without `+` is Chilean. */
const HOME = getCountryCallingCode('CL');

const peopleWhere = (condition: string): string =>
  `select p.id from profile p where p.company_id = $1 and p.deleted_at is null and ${condition}`;

const beginsWith =
  (column: 'contact_email' | 'contact_phone', prefix: string): Way =>
  (bind) => {
    const [from, to] = prefixRange(prefix);
    return peopleWhere(`p.${column} >= ${bind(from)} and p.${column} < ${bind(to)}`);
  };

/** Phones that begin with what was typed, with the code of a country or without it. */
const byPhone = (typed: string): Way[] => {
  const digits = typed.replaceAll(/[\s+()-]/g, '');
  if (!PHONE.test(digits)) return [];
  const numbers = typed.includes('+') ? [digits] : [digits, `${HOME}${digits}`];
  return numbers.map((number) => beginsWith('contact_phone', `+${number}`));
};

/**
 * Finds people by the form of what was typed: with an `@` by the beginning of an email, six digits or more by that of a
 * phone, a whole national id by its hash; words that may be an employee number are searched beside. The id only for whoever
 * may reveal it, and those whose it may be revealed of: docs/decisions/people-are-found-by-national-id.md.
 */
export const createProfileSearch = ({ nationalIds, decide, rates }: SearchDependencies) => {
  const byNationalId = async (context: Context, typed: string): Promise<{ isRut: boolean; ways: Way[] }> => {
    const { principal, scope } = context;
    const allowance = decide(principal, 'organization:national-id:reveal');
    const { isRut, hashes } = nationalIds.possible(scope.companyId, typed);
    if (!allowance.allowed || hashes.length === 0) return { isRut: false, ways: [] };
    // A mask leaves some thousand RUTs open: whoever tries them all is slower than whoever asks, which is logged.
    if (isRut) await rates.count('lookup', principal.personId);
    const revealed = (bind: Bind): string => visibleProfiles({ principal, allowance }, 'p.id', bind);
    return {
      isRut,
      ways: [(bind) => peopleWhere(`p.national_id_hash = any(${bind(hashes)}) and ${revealed(bind)}`)],
    };
  };
  return async (context: Context, q: string): Promise<Finder | undefined> => {
    const typed = q.trim();
    if (ADDRESS.test(typed))
      return (bind) => ({ ids: [beginsWith('contact_email', typed.toLowerCase())(bind)], words: false });
    const phones = byPhone(typed);
    const { isRut, ways } = await byNationalId(context, typed);
    const [first, ...others] = [...phones, ...ways];
    if (first === undefined) return undefined;
    // In groups, as no employee number is written: each of them would be searched as a word.
    const isOnly = (phones.length > 0 && /[\s+()]/.test(typed)) || (isRut && /[.\s]/.test(typed));
    return (bind) => ({ ids: [first(bind), ...others.map((way) => way(bind))], words: !isOnly });
  };
};

export type ProfileSearch = ReturnType<typeof createProfileSearch>;

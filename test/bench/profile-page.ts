import { createPublicKey } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { ProfileItem } from '../../src/modules/organization/profiles/profiles.repository.ts';
import { snake } from '../../src/platform/schema/entity.ts';

/** What an answer shows of a profile, in the order in which it shows it. */
export const PROFILE_COLUMNS: readonly string[] = Object.keys(ProfileItem.properties);
export type ProfileFields = Readonly<Record<string, unknown>> & { readonly id: string };

const JOINED: Readonly<Record<string, string>> = {
  departmentName: 'd.name',
  siteName: 's.name',
  superiorId: `(select l.superior_id from reporting_line l where l.company_id = $1 and l.subordinate_id = p.id
    and l.ends_on is null and l.deleted_at is null)`,
};

/** The page in one statement, as columns. */
export const PROFILE_PAGE = `
  select ${PROFILE_COLUMNS.map((name) => `${JOINED[name] ?? `p.${snake(name)}`} as "${name}"`).join(', ')}
  from profile p left join department d on d.company_id = $1 and d.id = p.department_id
    left join site s on s.company_id = $1 and s.id = p.site_id
  where p.company_id = $1 and p.deleted_at is null order by p.last_name, p.id limit $2`;

/** The provider's public key as PEM: what a service without rotation is configured with. */
export const publicKeyOf = async (jwksUri: string): Promise<string> => {
  const { keys } = (await (await fetch(jwksUri)).json()) as { keys: (JsonWebKey & { use?: string })[] };
  const key = keys.find(({ use }) => use === undefined || use === 'sig')!;
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
};

import type pg from 'pg';
import { identifierHashes, readIdentifier } from '../../modules/identity/persons/identifiers.ts';
import { nationalIdHashes } from '../../modules/organization/profiles/national-id.ts';
import catalogue from '../../../config/permissions.json' with { type: 'json' };
import { createDirectory } from '../../platform/access/directory.ts';
import type { Catalogue } from '../../platform/access/catalogue.ts';
import { matches } from '../../platform/access/decision.ts';
import { explained } from '../../platform/access/explained.ts';
import type { Explained } from '../../platform/access/explained.ts';
import type { Grant } from '../../platform/access/principal.ts';
import type { KeyRing } from '../../platform/crypto/key-ring.ts';

/** About whom, and what: one permission, or all that their roles speak of. */
export interface Asked {
  readonly company: string;
  /** A profile's id, or a sign-in's or work's email, or a RUT. */
  readonly person: string;
  readonly permission?: string;
}

export interface AccessReport {
  readonly company: string;
  readonly profileId: string;
  readonly name: string;
  /** Why nothing of it counts now: the person, profile or company that is not active; null where it does. */
  readonly inactive: string | null;
  readonly permissions: readonly Explained[];
}

interface Found {
  readonly companyId: string;
  readonly profileId: string;
  readonly name: string;
  readonly states: Readonly<Record<'company' | 'person' | 'profile', string>>;
}

/** What a command knows of the modules, which it does not wire: `npm run access` writes it, a test holds it to them. */
const CATALOGUE = catalogue as Catalogue;

const isSpokenOf = (permission: string, grants: readonly Grant[]): boolean =>
  grants.some((grant) => matches(grant.permission, permission));

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const FIND = `select f.company_id as "companyId", f.id as "profileId", f.first_name || ' ' || f.last_name as name,
    json_build_object('company', c.status, 'person', coalesce(p.status, 'unknown'), 'profile', f.status) as states
  from company c
  join profile f on f.company_id = c.id and f.deleted_at is null
  left join person p on p.id = f.person_id and p.deleted_at is null
  where c.id = $1
    and (f.id = $2::uuid or p.email_hash = any($3) or f.national_id_hash = any($4) or f.contact_email = $5)
  order by f.id limit 2`;

const find = async (system: pg.Pool, lookup: KeyRing, { company, person }: Asked): Promise<Found> => {
  const identifier = readIdentifier(person);
  const id = UUID.test(person) ? person : null;
  const companyId = (
    await system.query<{ id: string }>('select id from company where slug = $1 and deleted_at is null', [company])
  ).rows[0]?.id;
  const ruts =
    identifier.kind === 'rut' && companyId !== undefined
      ? nationalIdHashes(lookup, companyId, 'RUT', identifier.value)
      : [];
  const values = [companyId, id, identifierHashes(lookup, identifier), ruts, identifier.value];
  const { rows } = await system.query<Found>(FIND, values);
  if (rows.length > 1) throw new Error(`Several people of ${company} have this address: give the id of the profile.`);
  if (rows[0] === undefined)
    throw new Error(`Nobody in company ${company} has this profile id, email or RUT: look at --company and --person.`);
  return rows[0];
};

const inactive = ({ states }: Found): string | null => {
  const [off] = Object.entries(states).filter(([, status]) => status !== 'active');
  return off === undefined ? null : `the ${off[0]} is ${off[1]}`;
};

/** What somebody may do in a company and why, as `me/permissions` tells them, by whichever client they come. Throws an Error that says what to give instead. */
export const explainAccess = async (
  system: pg.Pool,
  lookup: KeyRing,
  asked: Asked,
  now: () => Date,
): Promise<AccessReport> => {
  const { company, permission } = asked;
  if (permission !== undefined && !Object.hasOwn(CATALOGUE, permission))
    throw new Error('--permission takes one that there is, as in workforce:shift:read; without it all are shown.');
  const found = await find(system, lookup, asked);
  const { companyId, profileId, name } = found;
  const grants = await createDirectory(system, now).grantsOf(companyId, profileId);
  const permissions = Object.entries(CATALOGUE)
    .filter(([each]) => permission === each || (permission === undefined && isSpokenOf(each, grants)))
    .map(([each, about]) => explained({ grants }, each, about));
  return { company, profileId, name, inactive: inactive(found), permissions };
};

type Scopes = Explained['scopes'];
const scopesText = (scopes: Scopes): string => scopes.map(({ kind, id }) => `${kind} ${id}`).join(', ');
const wayText = (reach: string | null, scopes: Scopes): string =>
  scopes.length === 0 ? `${reach}` : `${reach} in ${scopesText(scopes)}`;

const linesOf = ({ permission, allowed, because, reach, scopes, further, except, grants }: Explained): string[] => {
  const ways = [{ reach, scopes }, ...further].map((way) => wayText(way.reach, way.scopes)).join('; ');
  const exceptions = except.length === 0 ? '' : `, but not in ${scopesText(except)}`;
  return [
    `${permission}  ${allowed ? `allowed: ${ways}${exceptions}` : `refused: ${because}`}`,
    ...grants.map((one) =>
      [
        `  ${one.effect} of ${one.pattern} by role ${one.role}`,
        one.inheritedFrom === null ? '' : ` (inherited from ${one.inheritedFrom})`,
        `, ${wayText(one.reach, one.scope === null ? [] : [one.scope])}`,
        one.assignmentId === null ? '' : `, assignment ${one.assignmentId}`,
        one.expiresAt === null ? '' : `, until ${one.expiresAt}`,
      ].join(''),
    ),
  ];
};

/** The report as lines for people. */
export const accessText = ({ company, profileId, name, inactive: off, permissions }: AccessReport): string =>
  [
    `${name}, profile ${profileId} of ${company}${off === null ? '' : `: nothing of this counts now, ${off}`}`,
    ...permissions.flatMap(linesOf),
  ].join('\n');

import Type from 'typebox';
import {
  code,
  email,
  entity,
  exact,
  instant,
  integer,
  line,
  listOf,
  nullable,
  oneOf,
  uuid,
} from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';
import { belowFilter } from '../tree.ts';

export const PROFILE_KINDS = ['employee', 'contractor', 'guest', 'temporary'] as const;
export const PROFILE_STATES = ['draft', 'invited', 'active', 'suspended', 'ended'] as const;

const attribute = Type.Union([line(200), Type.Number(), Type.Boolean()]);

const GIVEN = [
  'firstName',
  'lastName',
  'contactEmail',
  'contactPhone',
  'employeeNumber',
  'kind',
  'departmentId',
  'siteId',
  'riskGroupId',
  'expiresAt',
] as const;

/** A person in one company. What is here is the company's; the login is the person's own. */
export const Profile = entity({
  table: 'profile',
  fields: {
    firstName: line(100),
    lastName: line(100),
    nationalIdKind: oneOf(['RUT', 'PASSPORT', 'OTHER']),
    nationalIdMask: nullable(Type.String({ examples: ['*****678-5'] })),
    contactEmail: nullable(email()),
    contactPhone: nullable(Type.String({ maxLength: 20, description: 'E.164', examples: ['+56912345678'] })),
    employeeNumber: nullable(code(40)),
    kind: oneOf(PROFILE_KINDS),
    departmentId: nullable(uuid()),
    siteId: nullable(uuid()),
    riskGroupId: nullable(uuid()),
    expiresAt: nullable(instant({ description: 'The profile ends then; needed for kind temporary' })),
    status: oneOf(PROFILE_STATES),
    photoId: nullable(uuid({ description: 'Another with every photo; null: there is none' })),
    erasedAt: nullable(instant({ description: 'What identifies the person was erased then; names are a pseudonym' })),
    attributes: Type.Record(Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,39}$' }), attribute, {
      maxProperties: 30,
      additionalProperties: false,
      description: 'What else the company notes of them, by name: at most 30 words, numbers or flags',
    }),
  },
  hidden: {
    personId: nullable(uuid()),
    nationalIdSealed: nullable(Type.String()),
    nationalIdHash: nullable(Type.String()),
    epoch: integer(1, 2_147_483_647),
  },
  create: GIVEN,
  edit: [...GIVEN, 'attributes'],
  personal: ['firstName', 'lastName', 'contactEmail', 'contactPhone', 'nationalIdMask', 'employeeNumber', 'attributes'],
  search: ['firstName', 'lastName', 'employeeNumber'],
  searchOrder: 'lastName',
});
export type ProfileRow = RowOf<typeof Profile>;

/** A profile of which nothing is known but a name. */
export const BLANK_PROFILE = {
  nationalIdKind: 'RUT',
  nationalIdMask: null,
  nationalIdSealed: null,
  nationalIdHash: null,
  contactEmail: null,
  contactPhone: null,
  employeeNumber: null,
  kind: 'employee',
  departmentId: null,
  siteId: null,
  riskGroupId: null,
  expiresAt: null,
  erasedAt: null,
  personId: null,
  photoId: null,
  attributes: {},
  status: 'draft',
  epoch: 1,
} satisfies Partial<ProfileRow>;

/** A row of the list: with the names that a screen shows beside it. */
export const ProfileItem = exact(
  {
    ...Profile.view.properties,
    departmentName: nullable(line(200)),
    siteName: nullable(line(200)),
    superiorId: nullable(uuid()),
  },
  { 'x-component': 'profile_item' },
);

const SUPERIOR = `select line.superior_id from reporting_line line where line.company_id = $1
  and line.subordinate_id = t.id and line.ends_on is null and line.deleted_at is null`;

export const profileList = listOf(Profile, {
  sorts: ['lastName', 'createdAt'],
  filters: ['status', 'kind', 'departmentId', 'siteId', 'riskGroupId'],
  also: {
    withinDepartmentId: belowFilter('department', 'd', 'People of this department and of all below it'),
    withinSiteId: belowFilter('site', 's', 'People of this site and of all below it'),
    superiorId: {
      schema: uuid({ description: 'Direct reports of this profile' }),
      sql: (bind, value) => `exists (select 1 from reporting_closure c where c.company_id = $1
        and c.superior_id = ${bind(value)} and c.subordinate_id = t.id and c.depth = 1)`,
    },
  },
  join: `left join department d on d.company_id = $1 and d.id = t.department_id
    left join site s on s.company_id = $1 and s.id = t.site_id`,
  finds:
    'Beginnings of words of the name or the employee number; of an email (with its @) or of a phone (six digits or more); or, for whoever may reveal it, a whole national id.',
  extra: {
    departmentName: { sql: 'd.name', as: 'text' },
    siteName: { sql: 's.name', as: 'text' },
    superiorId: { sql: `(${SUPERIOR})`, as: 'plain' },
  },
  detailExtra: {},
});

/** The profile whose national id has one of these hashes. */
export const profileByNationalId = async (
  reader: Reader,
  hashes: readonly string[],
): Promise<Pick<ProfileRow, 'id' | 'status'> | undefined> => {
  const [row] = await reader.prepared<Pick<ProfileRow, 'id' | 'status'>>(
    'select id, status from profile where company_id = $1 and national_id_hash = any($2) and deleted_at is null',
    [reader.companyId, hashes],
  );
  return row;
};

/** Whether a profile of the company has this contact email (stored in lower case). */
export const hasContactEmail = async (reader: Reader, address: string): Promise<boolean> => {
  const rows = await reader.prepared(
    'select 1 from profile where company_id = $1 and contact_email = $2 and deleted_at is null limit 1',
    [reader.companyId, address.toLowerCase()],
  );
  return rows.length > 0;
};

/** Whether a profile ended. */
export const hasLeft = async (reader: Reader, id: string): Promise<boolean> => {
  const rows = await reader.prepared(`select 1 from profile where company_id = $1 and id = $2 and status = 'ended'`, [
    reader.companyId,
    id,
  ]);
  return rows.length > 0;
};

/** Whether somebody who is in the company already, active or suspended, has this contact email. */
export const isEmailOfMember = async (reader: Reader, address: string): Promise<boolean> => {
  const rows = await reader.prepared(
    `select 1 from profile where company_id = $1 and contact_email = $2 and status in ('active', 'suspended')
       and deleted_at is null limit 1`,
    [reader.companyId, address],
  );
  return rows.length > 0;
};

/**
 * Whether somebody who joined the company by an invitation to this address, in whatever case, and has it still, left: they come
 * back by `rejoin`. An address that others noted of somebody may be that of a shift or an office, and is not theirs.
 */
export const isEmailOfLeaver = async (reader: Reader, address: string): Promise<boolean> => {
  const rows = await reader.prepared(
    `select 1 from profile p where p.company_id = $1 and p.contact_email = $2 and p.status = 'ended'
       and p.person_id is not null and p.deleted_at is null and exists (select 1 from invitation i
         where i.company_id = $1 and i.profile_id = p.id and i.status = 'accepted' and i.email = $2) limit 1`,
    [reader.companyId, address.toLowerCase()],
  );
  return rows.length > 0;
};

/** The first draft of a department with this contact email; null: the first of no department, else of any. */
export const draftWithEmail = async (
  reader: Reader,
  address: string,
  departmentId: string | null,
): Promise<Pick<ProfileRow, 'id' | 'departmentId'> | undefined> =>
  (
    await reader.prepared<Pick<ProfileRow, 'id' | 'departmentId'>>(
      `select id, department_id as "departmentId" from profile
       where company_id = $1 and contact_email = $2 and ($3::uuid is null or department_id = $3)
         and status = 'draft' and deleted_at is null order by department_id is not null, id limit 1`,
      [reader.companyId, address.toLowerCase(), departmentId],
    )
  )[0];

/** People who count against the plan's limit of users: asked to join, active or suspended. */
export const countUsers = async (reader: Reader): Promise<number> => {
  const [row] = await reader.prepared<{ users: number }>(
    `select count(*)::int as users from profile
     where company_id = $1 and status in ('invited', 'active', 'suspended') and deleted_at is null`,
    [reader.companyId],
  );
  return row?.users ?? 0;
};

/** What the person may do changed: sessions of the profile load it again with their next transaction. */
export const raiseEpoch = async (tx: Tx, id: string): Promise<void> => {
  await tx.prepared('update profile set epoch = epoch + 1 where company_id = $1 and id = $2', [tx.companyId, id]);
};

/** Whether a person has another profile in the company, one that ended too: nobody has two. */
export const hasOtherProfile = async (reader: Reader, personId: string, profileId: string): Promise<boolean> => {
  const rows = await reader.prepared(
    'select 1 from profile where company_id = $1 and person_id = $2 and id <> $3 and deleted_at is null',
    [reader.companyId, personId, profileId],
  );
  return rows.length > 0;
};

/** Notes for the person's own look-ups which profile is theirs in this company; it is nobody else's any more. */
export const linkPerson = async (tx: Tx, personId: string, profileId: string): Promise<void> => {
  await tx.prepared('delete from person_company where company_id = $1 and (person_id = $2 or profile_id = $3)', [
    tx.companyId,
    personId,
    profileId,
  ]);
  await tx.prepared(
    'insert into person_company (person_id, company_id, profile_id, created_at) values ($2, $1, $3, $4)',
    [tx.companyId, personId, profileId, tx.now],
  );
};

/** What of a profile takes its place when it is erased: the end of its id tells it from others. */
export const pseudonymOf = (id: string): Pick<ProfileRow, 'firstName' | 'lastName'> => ({
  firstName: '–',
  lastName: `P-${id.slice(-8)}`,
});

/** Inserts many new profiles in one statement; nothing else that hangs on a profile is written. */
export const insertProfiles = async (
  tx: Tx,
  rows: readonly (Partial<ProfileRow> & { readonly id: string })[],
): Promise<void> => {
  await tx.prepared(
    `insert into profile (company_id, id, first_name, last_name, national_id_kind, national_id_sealed, national_id_hash,
       national_id_mask, contact_email, contact_phone, employee_number, kind, department_id, site_id, risk_group_id,
       expires_at, status, attributes, created_at, created_by, updated_at, updated_by)
     select $1, n.id, n."firstName", n."lastName", n."nationalIdKind", n."nationalIdSealed", n."nationalIdHash",
       n."nationalIdMask", n."contactEmail", n."contactPhone", n."employeeNumber", n.kind, n."departmentId", n."siteId",
       n."riskGroupId", n."expiresAt", n.status, n.attributes, $3, $4, $3, $4
     from jsonb_to_recordset($2) as n(id uuid, "firstName" text, "lastName" text, "nationalIdKind" text,
       "nationalIdSealed" text, "nationalIdHash" text, "nationalIdMask" text, "contactEmail" text, "contactPhone" text,
       "employeeNumber" text, kind text, "departmentId" uuid, "siteId" uuid, "riskGroupId" uuid,
       "expiresAt" timestamptz, status text, attributes jsonb)`,
    [tx.companyId, JSON.stringify(rows), tx.now, tx.scope.actor.id],
  );
};

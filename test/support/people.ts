import { v7 as uuidv7 } from 'uuid';
import type { IdentityProvider, SignInClient } from '../../src/platform/identity-provider/port.ts';
import { createContacts } from '../../src/modules/identity/persons/contact.ts';
import { nationalIdHashes } from '../../src/modules/organization/profiles/national-id.ts';
import { maskRut } from '../../src/platform/text/rut.ts';
import type { TestApp } from './app.ts';
import type { TestDatabase } from './database.ts';

/** A running system as people are added to it. */
export interface PeopleHost {
  readonly database: Pick<TestDatabase, 'sql'>;
  readonly clock: { readonly now: () => Date };
  readonly platform: { readonly keys: Parameters<typeof createContacts>[0] };
  readonly identityProvider: Pick<IdentityProvider, 'users'>;
}

export interface TestPerson {
  readonly personId: string;
  readonly profileId: string;
  readonly companyId: string;
  readonly keycloakId: string;
  /** `Bearer …` of a session that this person opened; the same for the same client. */
  readonly bearer: (client?: SignInClient) => Promise<string>;
}

/** What a person signs in with. */
export interface TestLogin {
  readonly email?: string;
  /** Of the profile, as it is stored: `12345678-5`. */
  readonly rut?: string;
  readonly phone?: string;
  readonly password?: string;
}

export interface PersonOptions {
  readonly companyId: string;
  readonly roles: readonly string[];
  readonly firstName?: string;
  readonly lastName?: string;
  readonly login?: TestLogin;
  /** A person who is there already, for a second profile; of `login` it takes the RUT. */
  readonly person?: Pick<TestPerson, 'personId' | 'keycloakId'>;
}

const tokens = (app: TestApp, keycloakId: string): TestPerson['bearer'] => {
  const sids = new Map<string, string>();
  return async (client = 'angelis-admin') => {
    const sid = sids.get(client) ?? uuidv7();
    sids.set(client, sid);
    const token = await app.identityProvider.mint({ user: { id: keycloakId }, client, sid });
    return `Bearer ${token}`;
  };
};

const createPerson = async (
  app: PeopleHost,
  firstName: string,
  lastName: string,
  { email, phone, password }: TestLogin,
) => {
  const personId = uuidv7();
  const contacts = createContacts(app.platform.keys);
  const owner = { id: personId, dataKey: contacts.newKey(personId) };
  const byEmail = email === undefined ? undefined : contacts.email(owner, email);
  const byPhone = phone === undefined ? undefined : contacts.phone(owner, phone);
  const user = await app.identityProvider.users.create({
    ...(email !== undefined && { email }),
    ...(password !== undefined && { password }),
    username: `u-${personId}`,
    enabled: true,
    firstName,
    lastName,
    emailVerified: true,
  });
  await app.database.sql(
    `insert into person (id, keycloak_id, first_name, last_name, locale, status, data_key, created_at, updated_at,
       email_sealed, email_hash, email_mask, phone_sealed, phone_hash, phone_mask)
     values ($1, $2, $3, $4, 'en', 'active', $5, $6, $6, $7, $8, $9, $10, $11, $12)`,
    [
      personId,
      user.id,
      firstName,
      lastName,
      owner.dataKey,
      app.clock.now(),
      byEmail?.emailSealed,
      byEmail?.emailHash,
      byEmail?.emailMask,
      byPhone?.phoneSealed,
      byPhone?.phoneHash,
      byPhone?.phoneMask,
    ],
  );
  return { personId, keycloakId: user.id };
};

/** A person with an active profile that holds `roles`, who signs in as everybody does. */
export const addLogin = async (app: PeopleHost, options: PersonOptions): Promise<Omit<TestPerson, 'bearer'>> => {
  const { companyId, roles, firstName = 'Ana', lastName = 'Rojas', login = {} } = options;
  const { personId, keycloakId } = options.person ?? (await createPerson(app, firstName, lastName, login));
  const { rut } = login;
  const byRut =
    rut === undefined ? [] : [nationalIdHashes(app.platform.keys.lookup, companyId, 'RUT', rut)[0], maskRut(rut)];
  const profileId = uuidv7();
  const at = app.clock.now();
  await app.database.sql(
    `insert into profile (company_id, id, person_id, first_name, last_name, national_id_kind, kind, status, created_at, updated_at,
       national_id_hash, national_id_mask) values ($1, $2, $3, $4, $5, 'RUT', 'employee', 'active', $6, $6, $7, $8)`,
    [companyId, profileId, personId, firstName, lastName, at, byRut[0], byRut[1]],
  );
  await app.database.sql(
    'insert into person_company (person_id, company_id, profile_id, created_at) values ($1, $2, $3, $4)',
    [personId, companyId, profileId, at],
  );
  for (const role of roles)
    await app.database.sql(
      'insert into role_assignment (company_id, id, profile_id, system_role, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)',
      [companyId, uuidv7(), profileId, role, at],
    );
  return { personId, profileId, companyId, keycloakId };
};

/** A person with a login and an active profile that holds `roles`. */
export const addPerson = async (app: TestApp, options: PersonOptions): Promise<TestPerson> => {
  const person = await addLogin(app, options);
  return { ...person, bearer: tokens(app, person.keycloakId) };
};

/** `subordinate` reports to `superior`, directly and for everyone above. */
export const addReportingLine = async (
  app: Pick<PeopleHost, 'database' | 'clock'>,
  superior: Pick<TestPerson, 'companyId' | 'profileId'>,
  subordinate: Pick<TestPerson, 'profileId'>,
): Promise<void> => {
  const { companyId } = superior;
  await app.database.sql(
    `insert into reporting_line (company_id, id, subordinate_id, superior_id, starts_on, created_at, updated_at)
     values ($1, $2, $3, $4, '2026-01-01', $5, $5)`,
    [companyId, uuidv7(), subordinate.profileId, superior.profileId, app.clock.now()],
  );
  await app.database.sql(
    `insert into reporting_closure (company_id, superior_id, subordinate_id, depth)
     select $1, s.superior_id, t.subordinate_id, s.depth + t.depth + 1
     from (select superior_id, depth from reporting_closure where company_id = $1 and subordinate_id = $2
           union all select $2::uuid, 0) s
     cross join (select subordinate_id, depth from reporting_closure where company_id = $1 and superior_id = $3
           union all select $3::uuid, 0) t
     on conflict do nothing`,
    [companyId, superior.profileId, subordinate.profileId],
  );
};

/** A department of its own, with these people in it; its id. */
export const addDepartment = async (
  app: Pick<PeopleHost, 'database' | 'clock'>,
  companyId: string,
  people: readonly Pick<TestPerson, 'profileId'>[],
): Promise<string> => {
  const id = uuidv7();
  await app.database.sql(
    `insert into department (company_id, id, code, name, path, depth, created_at, updated_at)
     values ($1, $2, $3, $3, $4, 1, $5, $5)`,
    [companyId, id, id.slice(-12), `/${id}/`, app.clock.now()],
  );
  const ids = people.map(({ profileId }) => profileId);
  await app.database.sql('update profile set department_id = $3 where company_id = $1 and id = any($2)', [
    companyId,
    ids,
    id,
  ]);
  return id;
};

/** Gives a role, of the system or an own one, within a department. */
export const giveWithin = async (
  app: Pick<PeopleHost, 'database' | 'clock'>,
  { companyId, profileId }: Pick<TestPerson, 'companyId' | 'profileId'>,
  departmentId: string,
  role: { readonly systemRole: string } | { readonly roleId: string },
): Promise<void> => {
  const { systemRole = null, roleId = null } = { systemRole: undefined, roleId: undefined, ...role };
  await app.database.sql(
    `insert into role_assignment (company_id, id, profile_id, system_role, role_id, scope_kind, scope_id, created_at, updated_at)
     values ($1, $2, $3, $4, $5, 'department', $6, $7, $7)`,
    [companyId, uuidv7(), profileId, systemRole, roleId, departmentId, app.clock.now()],
  );
};

/** Somebody who may do everything that people of a company may, within a department of which nobody else is. */
export const addDepartmentHead = async (app: TestApp, companyId: string): Promise<TestPerson> => {
  const head = await addPerson(app, { companyId, roles: [], lastName: 'Head' });
  const roleId = uuidv7();
  await app.database.sql(
    `insert into role (company_id, id, code, name, reach, grants, denies, created_at, updated_at)
     values ($1, $2, $3, 'All', 'company', '{*:*:*}', '{operator:*:*}', $4, $4)`,
    [companyId, roleId, `all-${roleId.slice(-12)}`, app.clock.now()],
  );
  await giveWithin(app, head, await addDepartment(app, companyId, [head]), { roleId });
  return head;
};

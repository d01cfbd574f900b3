import { v7 as uuidv7 } from 'uuid';
import type { Contacts } from '../modules/identity/persons/contact.ts';
import { usernameOf } from '../modules/identity/persons/identifiers.ts';
import type { Database, Tx } from '../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../platform/db/scope.ts';
import type { LocalIdentityProvider } from '../platform/identity-provider/local.ts';
import { tokensOf } from '../platform/db/search.ts';
import { insertOperatorRows, insertRows } from './bulk.ts';
import type { DemoCompany, DemoPerson } from './plan.ts';

/** The password of everybody in the demo. Only the development issuer knows these people. */
export const DEMO_PASSWORD = 'angelis-demo-2026';

export interface PeopleLoader {
  readonly db: Database;
  readonly contacts: Contacts;
  /** What a profile keeps of a national id. */
  readonly nationalIds: { store(tx: Tx, profileId: string, id: { kind: 'RUT'; value: string }): Promise<object> };
  readonly issuer: Pick<LocalIdentityProvider, 'addUsers'>;
}

/** Staff of the operator, beside the companies' people. */
export interface DemoStaff {
  readonly personId: string;
  readonly keycloakId: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly role: 'superadmin' | 'support';
}

const stamps = (at: Date) => ({ createdAt: at, updatedAt: at, version: 1 });

const personRow = (contacts: Contacts, person: DemoPerson, at: Date) => {
  const owner = { id: person.personId, dataKey: contacts.newKey(person.personId) };
  const { personId, keycloakId, firstName, lastName, email, phone, rut } = person;
  return {
    id: personId,
    keycloakId,
    firstName,
    lastName,
    locale: 'es',
    status: 'active',
    dataKey: owner.dataKey,
    preferences: {},
    failedLogins: 0,
    epoch: 1,
    ...contacts.email(owner, email),
    ...contacts.phone(owner, phone),
    ...contacts.nationalId(owner, 'RUT', rut),
    ...stamps(at),
  };
};

const staffRow = (contacts: Contacts, { personId, keycloakId, firstName, lastName, email }: DemoStaff, at: Date) => {
  const owner = { id: personId, dataKey: contacts.newKey(personId) };
  const empty = {
    phoneSealed: null,
    phoneHash: null,
    phoneMask: null,
    nationalIdSealed: null,
    nationalIdHash: null,
    nationalIdMask: null,
  };
  return {
    id: personId,
    keycloakId,
    firstName,
    lastName,
    locale: 'es',
    status: 'active',
    dataKey: owner.dataKey,
    preferences: {},
    failedLogins: 0,
    epoch: 1,
    ...contacts.email(owner, email),
    ...empty,
    ...stamps(at),
  };
};

const loadPersons = async (
  { db, contacts }: PeopleLoader,
  companies: readonly DemoCompany[],
  staff: readonly DemoStaff[],
  at: Date,
) => {
  const everyone = companies.flatMap(({ people }) => people).filter(({ isShared }) => !isShared);
  await db.write(systemScope(OPERATOR_COMPANY, 'demo', '0'.repeat(32)), async (tx) => {
    const rows = companies.map(({ id, slug, name, timezone }) => ({
      id,
      slug,
      name,
      timezone,
      kind: 'standard',
      plan: 'standard',
      limits: {},
      locale: 'es',
      status: 'active',
      accessEpoch: 1,
      ...stamps(at),
    }));
    await insertOperatorRows(tx, 'company', rows);
    await insertOperatorRows(tx, 'person', [
      ...everyone.map((person) => personRow(contacts, person, at)),
      ...staff.map((one) => staffRow(contacts, one, at)),
    ]);
    await insertOperatorRows(
      tx,
      'operator_user',
      staff.map(({ personId, role }) => ({ id: uuidv7(), personId, role, status: 'active', ...stamps(at) })),
    );
  });
};

const profileRow = async (
  tx: Tx,
  { nationalIds }: PeopleLoader,
  company: DemoCompany,
  person: DemoPerson,
  riskGroups: readonly string[],
  at: Date,
) => ({
  id: person.profileId,
  personId: person.personId,
  firstName: person.firstName,
  lastName: person.lastName,
  ...(await nationalIds.store(tx, person.profileId, { kind: 'RUT', value: person.rut })),
  contactEmail: person.email,
  contactPhone: person.phone,
  employeeNumber: person.number,
  kind: person.isShared ? 'contractor' : 'employee',
  departmentId: company.departments[person.department]!.id,
  siteId: company.sites[person.site]!.id,
  riskGroupId: person.riskGroup === null ? null : (riskGroups[person.riskGroup] ?? null),
  status: 'active',
  attributes: {},
  epoch: 1,
  ...stamps(at),
});

/** Everybody above a person, nearest first. */
const superiorsOf = (people: readonly DemoPerson[], person: DemoPerson): DemoPerson[] => {
  const superior = person.superior === null ? undefined : people[person.superior];
  return superior === undefined ? [] : [superior, ...superiorsOf(people, superior)];
};

const linesOf = (people: readonly DemoPerson[], at: Date) => {
  const below = people.filter(({ superior }) => superior !== null);
  return {
    lines: below.map((person) => ({
      id: uuidv7(),
      subordinateId: person.profileId,
      superiorId: people[person.superior!]!.profileId,
      startsOn: at.toISOString().slice(0, 10),
      ...stamps(at),
    })),
    closure: below.flatMap((person) =>
      superiorsOf(people, person).map(({ profileId }, index) => ({
        superiorId: profileId,
        subordinateId: person.profileId,
        depth: index + 1,
      })),
    ),
  };
};

/** Sites, departments, people with their roles and who answers to whom. `riskGroups` are there already. */
const loadCompany = async (
  loader: PeopleLoader,
  company: DemoCompany,
  riskGroups: readonly string[],
  at: Date,
  tx: Tx,
) => {
  const { people, sites, departments } = company;
  await insertRows(
    tx,
    'site',
    sites.map(({ id, code, name, timezone, altitude }) => ({
      id,
      code,
      name,
      timezone,
      altitudeM: altitude,
      ...stamps(at),
    })),
  );
  await insertRows(
    tx,
    'department',
    departments.map(({ id, code, name }) => ({ id, code, name, path: `/${id}/`, depth: 1, ...stamps(at) })),
  );
  const profiles = [];
  for (const person of people) profiles.push(await profileRow(tx, loader, company, person, riskGroups, at));
  await insertRows(tx, 'profile', profiles);
  await insertRows(
    tx,
    'search_token',
    people.flatMap(({ profileId, firstName, lastName, number }) =>
      tokensOf(`${firstName} ${lastName} ${number}`).map((token) => ({ kind: 'profile', token, entityId: profileId })),
    ),
  );
  await insertRows(
    tx,
    'person_company',
    people.map(({ personId, profileId }) => ({ personId, profileId, createdAt: at })),
  );
  await insertRows(
    tx,
    'role_assignment',
    people.flatMap(({ profileId, roles }) =>
      roles.map((systemRole) => ({ id: uuidv7(), profileId, systemRole, ...stamps(at) })),
    ),
  );
  const { lines, closure } = linesOf(people, at);
  await insertRows(tx, 'reporting_line', lines);
  await insertRows(tx, 'reporting_closure', closure);
  for (const system of ['SAFER', 'FIT2000'])
    await insertRows(
      tx,
      'system_link',
      people
        .filter(({ riskGroup }) => riskGroup !== null)
        .map(({ profileId, number }) => ({ id: uuidv7(), system, externalId: number, profileId, ...stamps(at) })),
    );
};

/** The people of the demo, in the database and at the development issuer. `prepare` writes what profiles refer to. */
export const loadPeople = async (
  loader: PeopleLoader,
  companies: readonly DemoCompany[],
  staff: readonly DemoStaff[],
  at: Date,
  prepare: (tx: Tx, company: DemoCompany) => Promise<readonly string[]>,
): Promise<void> => {
  await loadPersons(loader, companies, staff, at);
  for (const company of companies)
    await loader.db.write(systemScope(company.id, 'demo', '0'.repeat(32)), async (tx) => {
      await loadCompany(loader, company, await prepare(tx, company), at, tx);
    });
  const people = companies.flatMap((company) => company.people).filter(({ isShared }) => !isShared);
  const users = [...people, ...staff].map(({ keycloakId, personId, email, firstName, lastName }) => ({
    id: keycloakId,
    username: usernameOf(personId),
    email,
    firstName,
    lastName,
    enabled: true,
    emailVerified: true,
  }));
  await loader.issuer.addUsers(users, DEMO_PASSWORD);
};

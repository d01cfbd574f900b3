import { v7 as uuidv7 } from 'uuid';
import type { Contacts } from '../modules/identity/persons/contact.ts';
import { usernameOf } from '../modules/identity/persons/identifiers.ts';
import { Department } from '../modules/organization/departments/departments.repository.ts';
import { Profile } from '../modules/organization/profiles/profiles.repository.ts';
import { Site } from '../modules/organization/sites/sites.repository.ts';
import type { Tx } from '../platform/db/database.ts';
import { writeNewSearchTokens } from '../platform/db/search.ts';
import type { LocalIdentityProvider } from '../platform/identity-provider/local.ts';
import { insertRows, stamps } from './bulk.ts';
import { DEMO_PASSWORD } from './plan.ts';
import type { DemoCompany, DemoPerson, DemoPlan, DemoStaff } from './plan.ts';

export interface PeopleLoader {
  readonly contacts: Contacts;
  /** What a profile keeps of a national id. */
  readonly nationalIds: {
    store(tx: Tx, profileId: string, id: { readonly kind: 'RUT'; readonly value: string }): Promise<object>;
  };
}

const STAFF_ROLES = {
  superadmin: 'operator-superadmin',
  support: 'operator-support',
  operator_auditor: 'operator-auditor',
} as const;
const NO_PHONE = { phoneSealed: null, phoneHash: null, phoneMask: null };

const personRow = (contacts: Contacts, person: DemoPerson | DemoStaff, at: Date) => {
  const { personId, keycloakId, firstName, lastName, email } = person;
  const owner = { id: personId, dataKey: contacts.newKey(personId) };
  const isStaff = 'role' in person;
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
    ...(isStaff ? NO_PHONE : contacts.phone(owner, person.phone)),
    ...stamps(at),
  };
};

const ofOperator = { ofOperator: true };

/** The rows of the operator: companies, persons, staff. `tx` is in the operator's company. */
export const loadOperator = async (tx: Tx, contacts: Contacts, plan: DemoPlan): Promise<void> => {
  const { companies, staff, begin } = plan;
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
    ...stamps(begin),
  }));
  await insertRows(tx, 'company', rows, ofOperator);
  const included = { id: uuidv7(), plan: 'standard', feature: 'checklists', byGrant: true, ...stamps(begin) };
  await insertRows(tx, 'plan_feature', [included], ofOperator);
  const persons = companies.flatMap(({ people }) => people).filter(({ isShared }) => !isShared);
  const personRows = [...persons, ...staff].map((person) => personRow(contacts, person, begin));
  await insertRows(tx, 'person', personRows, ofOperator);
  const users = staff.map(({ personId, role }) => ({
    id: uuidv7(),
    personId,
    role,
    status: 'active',
    ...stamps(begin),
  }));
  await insertRows(tx, 'operator_user', users, ofOperator);
  for (const source of ['SAFER', 'FIT2000'])
    await insertRows(
      tx,
      'source_company',
      companies.map(({ id, slug }) => ({ id: uuidv7(), source, code: slug, companyId: id, ...stamps(begin) })),
      ofOperator,
    );
};

const profileRow = async (
  tx: Tx,
  { nationalIds }: Pick<PeopleLoader, 'nationalIds'>,
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

/** Sites and departments: what people and their work refer to. */
export const loadPlaces = async (tx: Tx, { sites, departments }: DemoCompany, at: Date): Promise<void> => {
  const rows = sites.map(({ id, code, name, timezone, altitude }) => ({
    id,
    code,
    name,
    timezone,
    path: `/${id}/`,
    depth: 1,
    altitudeM: altitude,
    ...stamps(at),
  }));
  await insertRows(tx, 'site', rows);
  const units = departments.map(({ id, code, name }) => ({ id, code, name, path: `/${id}/`, depth: 1, ...stamps(at) }));
  await insertRows(tx, 'department', units);
  await writeNewSearchTokens(tx, Site, rows);
  await writeNewSearchTokens(tx, Department, units);
};

const loadLinks = async (tx: Tx, people: readonly DemoPerson[], at: Date): Promise<void> => {
  for (const system of ['SAFER', 'FIT2000'])
    await insertRows(
      tx,
      'system_link',
      people
        .filter(({ riskGroup }) => riskGroup !== null)
        .map(({ profileId, number }) => ({ id: uuidv7(), system, externalId: number, profileId, ...stamps(at) })),
    );
};

/** People with their roles and who answers to whom. Places and `riskGroups` (ids in the order of the plan) are there. */
export const loadPeople = async (
  tx: Tx,
  loader: Pick<PeopleLoader, 'nationalIds'>,
  company: DemoCompany,
  riskGroups: readonly string[],
  at: Date,
): Promise<void> => {
  const { people } = company;
  const profiles = [];
  for (const person of people) profiles.push(await profileRow(tx, loader, company, person, riskGroups, at));
  await insertRows(tx, 'profile', profiles);
  await writeNewSearchTokens(tx, Profile, profiles);
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
  await loadLinks(tx, people, at);
};

/** Makes everybody's sign-in at the development issuer; who is there already stays as they are. */
export const addSignIns = async (
  issuer: Pick<LocalIdentityProvider, 'addUsers'>,
  { companies, staff }: DemoPlan,
): Promise<void> => {
  const people = companies.flatMap((company) => company.people).filter(({ isShared }) => !isShared);
  const users = [...people, ...staff].map((person) => ({
    id: person.keycloakId,
    username: usernameOf(person.personId),
    email: person.email,
    firstName: person.firstName,
    lastName: person.lastName,
    enabled: true,
    emailVerified: true,
    ...('role' in person && { roles: [STAFF_ROLES[person.role]] }),
  }));
  await issuer.addUsers(users, DEMO_PASSWORD);
};

import { DEMO_PASSWORD } from './plan.ts';
import type { DemoPlan } from './plan.ts';

/** Somebody who can sign in to the demo. */
export interface DemoAccount {
  /** The role that shapes their first screen: the highest of `roles`. */
  readonly role: string;
  readonly roles: readonly string[];
  /** Slug; null for the operator's staff. */
  readonly company: string | null;
  readonly companyName: string | null;
  readonly name: string;
  readonly rut: string | null;
  readonly email: string;
  readonly password: string;
  readonly profileId: string | null;
  readonly employeeNumber: string | null;
}

/** Everybody's sign-in: staff of the operator first, then each company's people in the order of their posts. */
export const accountsOf = ({ companies, staff }: DemoPlan): DemoAccount[] => [
  ...staff.map(({ role, firstName, lastName, email }) => ({
    role,
    roles: [role],
    company: null,
    companyName: null,
    name: `${firstName} ${lastName}`,
    rut: null,
    email,
    password: DEMO_PASSWORD,
    profileId: null,
    employeeNumber: null,
  })),
  ...companies.flatMap(({ slug, name, people }) =>
    people.map((person) => ({
      role: person.roles[0]!,
      roles: person.roles,
      company: slug,
      companyName: name,
      name: `${person.firstName} ${person.lastName}`,
      rut: person.rut,
      email: person.email,
      password: DEMO_PASSWORD,
      profileId: person.profileId,
      employeeNumber: person.number,
    })),
  ),
];

import { startApp } from '../../support/app.ts';
import type { TestApp, TestAppOptions } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

const ROLES = [
  'worker',
  'colleague',
  'supervisor',
  'manager',
  'safety',
  'health',
  'admin',
  'stranger',
  'outsider',
] as const;
type Name = (typeof ROLES)[number];

/** A company whose worker and colleague report to a supervisor and she to a manager; `stranger` is safety admin and `outsider` health reader of another. */
export interface FitnessPeople {
  readonly app: TestApp;
  readonly companyId: string;
  readonly people: Readonly<Record<Name, TestPerson>>;
  readonly as: Readonly<Record<Name, Client>>;
}

const ROLE_OF: Readonly<Record<Name, readonly string[]>> = {
  worker: ['worker'],
  colleague: ['worker'],
  supervisor: ['supervisor'],
  manager: ['manager'],
  safety: ['safety_admin'],
  health: ['health_reader'],
  admin: ['admin'],
  stranger: ['safety_admin'],
  outsider: ['health_reader'],
};

export const startFitness = async (options: TestAppOptions = {}): Promise<FitnessPeople> => {
  const app = await startApp(options);
  const [companyId, elsewhere] = [await addCompany(app.database), await addCompany(app.database)];
  const people = {} as Record<Name, TestPerson>;
  const as = {} as Record<Name, Client>;
  for (const name of ROLES) {
    people[name] = await addPerson(app, {
      companyId: name === 'stranger' || name === 'outsider' ? elsewhere : companyId,
      roles: ROLE_OF[name],
      lastName: name,
    });
    as[name] = await clientOf(app, people[name]);
  }
  await addReportingLine(app, people.manager, people.supervisor);
  await addReportingLine(app, people.supervisor, people.worker);
  await addReportingLine(app, people.supervisor, people.colleague);
  return { app, companyId, people, as };
};

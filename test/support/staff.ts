import { v7 as uuidv7 } from 'uuid';
import type { TestApp } from './app.ts';
import { addCompany } from './companies.ts';
import { addPerson } from './people.ts';
import type { TestPerson } from './people.ts';

/** Somebody of the operator's staff, with a login of their own and no profile in any company that lives. */
export const addStaff = async (
  app: TestApp,
  role: 'superadmin' | 'support' | 'operator_auditor',
): Promise<Pick<TestPerson, 'bearer' | 'personId'>> => {
  const person = await addPerson(app, { companyId: await addCompany(app.database), roles: [], lastName: 'Staff' });
  const client = await app.database.superuser();
  await client.query(
    `insert into operator_user (id, person_id, role, status, created_at, updated_at) values ($1, $2, $3, 'active', $4, $4)`,
    [uuidv7(), person.personId, role, app.clock.now()],
  );
  await client.end();
  return person;
};

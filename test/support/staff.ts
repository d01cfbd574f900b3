import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../src/platform/db/scope.ts';
import type { TestApp } from './app.ts';

export interface TestStaff {
  readonly id: string;
  readonly personId: string;
  readonly email: string;
  /** `Bearer …` of one session on the admin client. */
  readonly bearer: () => Promise<string>;
}

/** Somebody of the staff, whose invitation is over and done with. */
export const addStaff = async (
  app: TestApp,
  role: 'superadmin' | 'support' | 'operator_auditor' = 'superadmin',
): Promise<TestStaff> => {
  const email = `staff-${randomUUID()}@angelis.example`;
  const scope = systemScope(OPERATOR_COMPANY, 'test', 'a'.repeat(32));
  const person = { firstName: 'Olga', lastName: 'Prado', email, locale: 'en' as const, role };
  const { id, personId } = await app.identity.staff.create({ scope }, person);
  await app.identity.alignment.align(personId, scope.traceId);
  await app.database.sql(`update person set status = 'active' where id = $1`, [personId]);
  const sid = uuidv7();
  const user = { username: `u-${personId}` };
  const bearer = async () => `Bearer ${await app.identityProvider.mint({ user, client: 'angelis-admin', sid })}`;
  return { id, personId, email, bearer };
};

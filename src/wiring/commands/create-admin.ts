import { OPERATOR_COMPANY, systemScope } from '../../platform/db/scope.ts';
import { LOCALES } from '../../platform/i18n/locales.ts';
import { Problem } from '../../platform/problem.ts';
import { email, exact, line, oneOf } from '../../platform/schema/types.ts';
import { createValidator } from '../../platform/schema/validator.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { withSystem } from './with-system.ts';

export interface NewAdmin {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly locale: 'es' | 'en' | 'fr';
}

const FAULTS: Readonly<Record<string, string>> = {
  '/email': '--email takes one plain address, such as ana@example.com',
  '/firstName': '--first-name takes 1 to 100 characters',
  '/lastName': '--last-name takes 1 to 100 characters',
};

const ADMIN = exact({ email: email(), firstName: line(100), lastName: line(100), locale: oneOf(LOCALES) });

const check = (admin: NewAdmin): void => {
  const faults = createValidator().compile(ADMIN)(admin);
  const said = new Set(faults.map(({ pointer, code }) => FAULTS[pointer] ?? code));
  if (said.size > 0) throw new Error([...said].join('; '));
};

/** What has to happen before they can sign in. */
const nextSteps = (settings: Settings, { email: address }: NewAdmin): string => {
  const mail =
    settings.SMTP_URL === undefined
      ? 'shown on the console of the process that runs ("npm start"), for there is no SMTP_URL'
      : 'mailed by the process that runs ("npm start")';
  return [
    `Next: a link for ${address} is ${mail}; it is good for 7 days.`,
    'Whoever opens it chooses a password (POST /angelis/auth/invitation/accept), and then signs in through the admin client.',
    'They add more staff by POST /angelis/admin/internal_user.',
  ].join('\n');
};

/** Makes a superadmin. Throws when something given is wrong or the address is known, and beside a running process. */
export const createAdmin = async (admin: NewAdmin): Promise<void> => {
  check(admin);
  await withSystem(', or add staff there by POST /angelis/admin/internal_user', async ({ identity }, settings) => {
    const scope = systemScope(OPERATOR_COMPANY, 'admin create', '0'.repeat(32));
    await identity.staff.create({ scope }, { ...admin, role: 'superadmin' }).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'DUPLICATE')
        throw new Error(`Somebody signs in as ${admin.email} already: give another address.`, { cause: error });
      throw error;
    });
    process.stdout.write(`${admin.firstName} ${admin.lastName} is superadmin.\n${nextSteps(settings, admin)}\n`);
  });
};

import { OPERATOR_COMPANY, systemScope } from '../../platform/db/scope.ts';
import { createLifetime } from '../../platform/process/lifetime.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import { createLogging } from '../../platform/telemetry/logger.ts';
import { openProcess } from '../process.ts';

export interface NewAdmin {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly locale: 'es' | 'en' | 'fr';
}

/** Makes a superadmin with the services of a whole process that serves nobody. Throws when the address is known. */
export const createAdmin = async ({ email, firstName, lastName, locale }: NewAdmin): Promise<void> => {
  const settings = { ...readSettings({ LOG_LEVEL: 'error', ...process.env }), PROCESS: 'web' as const };
  const { log, close } = await createLogging({ level: settings.LOG_LEVEL });
  const lifetime = createLifetime({ log, drainSeconds: settings.DRAIN_SECONDS, flush: close });
  const say = (message: string) => void process.stderr.write(`${message}\n`);
  try {
    const { system } = await openProcess({ settings, lifetime, log, now: () => new Date(), say });
    const scope = systemScope(OPERATOR_COMPANY, 'admin create', '0'.repeat(32));
    await system.identity.staff.create({ scope }, { email, firstName, lastName, locale, role: 'superadmin' });
    process.stdout.write(`${firstName} ${lastName} is superadmin; the link for the password goes to ${email}\n`);
  } finally {
    await lifetime.stop('done');
  }
};

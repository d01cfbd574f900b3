import { Option } from 'commander';
import type { Command } from 'commander';
import { ownPath } from '../../root.ts';
import { applySeedSets, loadSeedSets } from '../../platform/db/seed.ts';
import { withSystemPool } from './database-access.ts';
import type { NewAdmin } from './create-admin.ts';

const SEEDERS = ownPath('seeders');

const seed = (): Promise<void> =>
  withSystemPool(async (system) => {
    const applied = await applySeedSets(system, await loadSeedSets(SEEDERS), new Date());
    process.stdout.write(`${applied.length === 0 ? 'everything is there' : `applied ${applied.join(', ')}`}\n`);
  });

/** `angelis seed`, `angelis admin create` */
export const firstDataCommands = (program: Command): void => {
  program
    .command('seed')
    .description('writes what every installation needs: roles, offerings, test definitions; what is there stays')
    .action(seed);
  program
    .command('admin')
    .description('looks after the staff of the operator')
    .command('create')
    .description('makes a superadmin: a mailed link lets them choose a password, once a process sends mail')
    .requiredOption('--email <address>', 'what they sign in with')
    .requiredOption('--first-name <name>', 'first name')
    .requiredOption('--last-name <name>', 'last name')
    .addOption(new Option('--locale <locale>', 'language of the mail').choices(['es', 'en', 'fr']).default('es'))
    .action(async (admin: NewAdmin) => {
      const { createAdmin } = await import('./create-admin.ts');
      await createAdmin(admin);
    });
};

import type { Command } from 'commander';
import type { Migrator } from '../../platform/db/migrate.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import { withDatabase } from './database-access.ts';

const print = (lines: readonly string[], otherwise: string): void => {
  process.stdout.write(`${(lines.length > 0 ? lines : [otherwise]).join('\n')}\n`);
};

const withMigrator = (work: (migrator: Migrator, ownerUrl: string) => Promise<void>): Promise<void> =>
  withDatabase(readSettings(process.env), async ({ owner }) => {
    const [{ createMigrator }, { MIGRATIONS }] = await Promise.all([
      import('../../platform/db/migrate.ts'),
      import('../embedded.ts'),
    ]);
    await work(createMigrator({ url: owner, folder: MIGRATIONS }), owner);
  });

/** `angelis migrate up | down | status` */
export const databaseCommands = (program: Command): void => {
  const migrate = program.command('migrate').description('brings the tables to what this release needs');
  migrate
    .command('up')
    .description('applies what is pending')
    .action(() =>
      withMigrator(async (migrator, ownerUrl) => {
        print(await migrator.up(), 'nothing was pending');
        const { migrateQueue } = await import('../../platform/jobs/queue.ts');
        await migrateQueue(ownerUrl);
      }),
    );
  migrate
    .command('down')
    .description('takes back the newest migrations')
    .option('--steps <n>', 'how many; 0 takes back all', '1')
    .action(({ steps }: { steps: string }) =>
      withMigrator(async (migrator) => {
        if (!/^\d{1,4}$/.test(steps)) throw new Error('--steps needs a whole number');
        print(await migrator.down(Number(steps)), 'nothing was applied');
      }),
    );
  migrate
    .command('status')
    .description('lists all migrations')
    .action(() =>
      withMigrator(async (migrator) => {
        const status = await migrator.status();
        print(
          status.map(({ name, appliedAt }) => `${appliedAt ?? 'pending'.padEnd(24)}  ${name}`),
          'there are no migrations',
        );
      }),
    );
};

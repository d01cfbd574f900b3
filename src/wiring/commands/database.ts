import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { MigrationStatus, Migrator } from '../../platform/db/migrate.ts';
import { isEmbedded, readSettings } from '../../platform/settings/settings.ts';
import { MIGRATIONS } from '../../root.ts';
import { withDatabase } from './database-access.ts';

const print = (lines: readonly string[], otherwise: string): void => {
  process.stdout.write(`${(lines.length > 0 ? lines : [otherwise]).join('\n')}\n`);
};

const withMigrator = async (work: (migrator: Migrator, ownerUrl: string) => Promise<void>): Promise<void> => {
  const { createMigrator } = await import('../../platform/db/migrate.ts');
  await withDatabase(
    readSettings(process.env),
    ({ owner }) => work(createMigrator({ url: owner, folder: MIGRATIONS }), owner),
    { migrate: false },
  );
};

/** Where embedded mode has no database yet, none is made for being looked at. */
const readStatus = async (): Promise<MigrationStatus[]> => {
  const settings = readSettings(process.env, { keep: false });
  if (isEmbedded(settings) && !existsSync(join(settings.DATA_DIR, 'postgres'))) {
    const { allPending } = await import('../../platform/db/migrate.ts');
    return allPending(MIGRATIONS);
  }
  let status: MigrationStatus[] = [];
  await withMigrator(async (migrator) => {
    status = await migrator.status();
  });
  return status;
};

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
    .description('takes back the newest migrations; embedded mode applies them again at its next start')
    .option('--steps <n>', 'how many; 0 takes back all', '1')
    .action(({ steps }: { steps: string }) =>
      withMigrator(async (migrator) => {
        if (!/^\d{1,4}$/.test(steps)) throw new Error('--steps needs a whole number');
        print(await migrator.down(Number(steps)), 'nothing was applied');
      }),
    );
  migrate
    .command('status')
    .description('lists all migrations, changing nothing')
    .action(async () => {
      const status = await readStatus();
      print(
        status.map(({ name, appliedAt }) => `${appliedAt ?? 'pending'.padEnd(24)}  ${name}`),
        'there are no migrations',
      );
    });
};

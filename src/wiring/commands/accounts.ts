import type { Command } from 'commander';
import { accountsOf } from '../../demo/accounts.ts';
import type { DemoAccount } from '../../demo/accounts.ts';
import { loadedDemo } from '../../demo/mark.ts';
import type { DemoPlan } from '../../demo/plan.ts';
import { withSystemPool } from './database-access.ts';

/** The plan of the demo in DATA_DIR, or at DATABASE_URL. Throws when there is none. */
const readDemo = (): Promise<DemoPlan> =>
  withSystemPool(async (system) => {
    const demo = await loadedDemo(system);
    if (demo === undefined) throw new Error('There is no demo data here yet: start it with "npm run demo".');
    return demo.plan;
  });

const COLUMNS = ['role', 'company', 'name', 'rut', 'email', 'password'] as const;

const table = (accounts: readonly DemoAccount[]): string => {
  const rows = [
    COLUMNS.map((name) => name.toUpperCase()),
    ...accounts.map((row) => COLUMNS.map((name) => row[name] ?? '–')),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** The first account of each role in each company: enough to try everything. */
const oneOfEach = (accounts: readonly DemoAccount[]): DemoAccount[] => {
  const seen = new Set<string>();
  return accounts.filter(({ role, company }) => {
    const key = `${role}/${company}`;
    return !seen.has(key) && seen.add(key);
  });
};

/** `angelis demo accounts` */
export const accountsCommand = (demo: Command): void => {
  demo
    .command('accounts')
    .description('lists the sign-ins of the demo: one of each role and company, or all of them with --json')
    .option('--json', 'everybody, as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const accounts = accountsOf(await readDemo());
      if (json) {
        process.stdout.write(`${JSON.stringify(accounts, null, 2)}\n`);
        return;
      }
      const shown = oneOfEach(accounts);
      const more = accounts.length - shown.length;
      process.stdout.write(`${table(shown)}\n… and ${more} more people: --json lists everybody\n`);
    });
};

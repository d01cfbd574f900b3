import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { DEMO_DAYS } from '../../demo/plan.ts';
import { accountsCommand } from './accounts.ts';
import type { DemoOptions } from './run-demo.ts';

const daysOf = (text: string): number => {
  const days = Number(text);
  if (!/^\d{1,3}$/.test(text) || days < 1 || days > DEMO_DAYS)
    throw new InvalidArgumentError(`It takes a whole number from 1 to ${DEMO_DAYS}.`);
  return days;
};

/** `angelis demo`, `angelis demo accounts` */
export const demoCommands = (program: Command): void => {
  const demo = program
    .command('demo')
    .description('runs everything with demo data on this machine: three mines, 400 people, a year of history')
    .option('--fresh', 'begins anew: what Angelis keeps in DATA_DIR is removed first')
    .option('--days <n>', 'days of history that are made at the first start', daysOf, DEMO_DAYS)
    .option('--quiet', 'nobody is simulated: no device writes into the sources, nobody starts a shift')
    .action(async (options: DemoOptions) => {
      // The whole system is loaded for this command only: the others answer at once.
      const { runDemo } = await import('./run-demo.ts');
      await runDemo(options);
    });
  accountsCommand(demo);
};

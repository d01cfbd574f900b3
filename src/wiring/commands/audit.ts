import type { Command } from 'commander';
import { readSettings } from '../../platform/settings/settings.ts';
import type { CompanyReport } from './verify-chains.ts';

interface VerifyOptions {
  readonly json?: boolean;
  readonly company?: string;
}

const describe = ({ company, ok, checked, faults }: CompanyReport): string[] => [
  `${company.padEnd(24)}  ${ok ? 'whole' : `${faults.length} faults`}, ${checked} changes`,
  ...faults.map(({ kind, seq, detail }) => `  ${kind}${seq === undefined ? '' : ` at ${seq}`}: ${detail}`),
];

/** `angelis audit verify` */
export const auditCommands = (program: Command): void => {
  const audit = program.command('audit').description('looks after the chain of changes');
  audit
    .command('verify')
    .description(
      'walks the sealed chain of every company and names what was done to it; exit code 1 when something was',
    )
    .option('--company <slug>', 'of this company only')
    .option('--json', 'as JSON')
    .action(async ({ json, company }: VerifyOptions) => {
      const { verifyChains } = await import('./verify-chains.ts');
      const reports = await verifyChains(readSettings(process.env), company);
      const lines = json ? [JSON.stringify(reports, null, 2)] : reports.flatMap(describe);
      process.stdout.write(`${lines.join('\n')}\n`);
      const faulty = reports.filter(({ ok }) => !ok);
      if (faulty.length > 0) throw new Error(`the chain is not whole: ${faulty.map((one) => one.company).join(', ')}`);
    });
};

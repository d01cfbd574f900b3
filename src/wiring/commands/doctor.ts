import type { Command } from 'commander';
import packageJson from '../../../package.json' with { type: 'json' };
import { SettingsError, readSettings } from '../../platform/settings/settings.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { createReport } from './doctor-report.ts';

interface DoctorOptions {
  readonly json?: true;
  readonly timeout: string;
}

const settingsOf = (command: Command, json: boolean): Settings => {
  try {
    return readSettings(process.env, { keep: false });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, settings: error.faults, checks: [] })}\n`);
    return command.error(error.message, { exitCode: 2 });
  }
};

const examine = async ({ json = false, timeout }: { json?: boolean; timeout: string }, command: Command) => {
  if (!/^[1-9]\d?$/.test(timeout)) command.error('error: --timeout takes seconds, from 1 to 99', { exitCode: 2 });
  const settings = settingsOf(command, json);
  const [{ runChecks }, { openPatient }] = await Promise.all([
    import('../../platform/checks/check.ts'),
    import('./doctor-patient.ts'),
  ]);
  const patient = await openPatient(settings, Number(timeout) * 1_000, () => new Date());
  try {
    const { checks, notes } = patient;
    const report = createReport({ json, version: packageJson.version, names: checks.map(({ name }) => name), notes });
    const results = await runChecks(checks, Number(timeout) * 1_000, report.tell);
    report.end(results);
    const wrong = results.filter(({ ok, skipped }) => !ok && skipped !== true);
    if (wrong.length > 0) throw new Error(`${wrong.length} of ${results.length} checks found something wrong`);
  } finally {
    await patient.close();
  }
};

/** `angelis doctor` */
export const doctorCommand = (program: Command): void => {
  const command = program
    .command('doctor')
    .description('names what is wrong with the settings, this machine and the services, and what to do')
    .option('--json', 'prints one JSON document')
    .option('--timeout <seconds>', 'longest that one check may take', '10')
    .addHelpText(
      'after',
      `
Exit codes: 0 all is well, 1 something is wrong, 2 called wrongly, or the settings cannot be read.
It starts and mends nothing, and prints no secret. All checks run at once; beside a running system its own ports count as well.`,
    );
  command.action((options: DoctorOptions) => examine(options, command));
};

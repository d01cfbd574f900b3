import type { Command } from 'commander';
import { parseKeyRing } from '../../platform/crypto/key-ring.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import type { Asked } from './access-explain.ts';
import { withSystemPool } from './database-access.ts';

const HELP = `
Without --permission: all that the person's roles speak of. The answer is the one that requests go by, and
that people get at GET /angelis/auth/me/permissions: each grant and deny with its role, what that inherits it from, the scope,
the assignment and its end. Of scopes the nearest decides; a deny for the company is final. What is about the company as a whole
is not held by a role within a department or project (NEEDS_COMPANY). What the client they came by cannot call (CLIENT) is not asked here.

  npx angelis access explain --company cordillera --person ana@example.com --permission workforce:shift:read`;

/** `angelis access explain` */
export const accessCommands = (program: Command): void => {
  program
    .command('access')
    .description('explains who may do what')
    .command('explain')
    .description('says what somebody may do in a company, and by which role, assignment, scope or deny')
    .requiredOption('--company <slug>', 'in which company')
    .requiredOption('--person <who>', "a profile's id, an email, or a RUT")
    .option('--permission <name>', 'this one only')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(async ({ json, ...asked }: Asked & { readonly json?: boolean }) => {
      const { accessText, explainAccess } = await import('./access-explain.ts');
      const lookup = parseKeyRing(readSettings(process.env).LOOKUP_KEY);
      const report = await withSystemPool((system) => explainAccess(system, lookup, asked, () => new Date()));
      process.stdout.write(`${json === true ? JSON.stringify(report, null, 2) : accessText(report)}\n`);
    });
};

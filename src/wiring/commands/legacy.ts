import type { Command } from 'commander';

const HELP = `
A line is one account: the email by which somebody signs in here, or their RUT in the company of --company, and the bcrypt hash ($2a, $2b or $2y, of at most
2^12 rounds) of the password that they had. JSON lines, {"identifier": "12.345.678-5", "hash": "$2b$10$…"}, or CSV with the
headings identifier,hash; UTF-8. With their first right try the password becomes that of their login, and the hash is erased.
  whoever has a password here, or is to choose one, keeps that: theirs of before is good for nothing
  lines that are not taken are named, with exit code 1; the others are taken all the same
  importing again adds nothing twice: a run that broke off is begun again
  a hash that nobody used is erased a year after its import
Delete the file afterwards. The commands and the log show no hash.`;

/** `angelis legacy import` */
export const legacyCommands = (program: Command): void => {
  program
    .command('legacy')
    .description('takes over what an older system knows of people')
    .command('import')
    .description('imports the hashes of passwords that people had, each for one first sign-in')
    .argument('<file>', 'JSON lines or CSV')
    .option('--company <slug>', 'the company in which the RUTs of the file are')
    .addHelpText('after', HELP)
    .action(async (file: string, { company }: { company?: string }) => {
      const { importLegacy } = await import('./legacy-import.ts');
      await importLegacy(file, company);
    });
};

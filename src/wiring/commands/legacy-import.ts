import { MOST_COST, readLegacyLines } from '../../modules/identity/legacy/legacy.lines.ts';
import type { Import } from '../../modules/identity/legacy/legacy.service.ts';
import { withSystem } from './with-system.ts';

const FAULTS: Readonly<Record<Import['faults'][number]['fault'], string>> = {
  UNREADABLE: 'it cannot be read: an identifier and a hash are wanted',
  NO_BCRYPT: `the hash is no bcrypt hash of 2^4 to 2^${MOST_COST} rounds`,
  COMPANY_NEEDED: 'a RUT names somebody in a company: say which with --company SLUG',
  UNKNOWN: 'nobody signs in here with this email, or with this RUT in that company',
  TWICE: 'a line before it is about the same person',
};

const told = ({ taken, there, own, waiting }: Import): string =>
  [
    `${taken} taken over`,
    `${there} were there already`,
    `${own} have a password here, or are to choose one`,
    `${waiting} wait for their first sign-in`,
  ].join('\n');

/** Imports the accounts of a file, RUTs being those of the company. Throws when a line is not taken, once all are looked at. */
export const importLegacy = (file: string, company: string | undefined): Promise<void> =>
  withSystem('', async ({ identity }) => {
    const hints = company === undefined ? [] : [{ kind: 'slug' as const, value: company }];
    const done = await identity.legacy.take(readLegacyLines(file), hints, '0'.repeat(32));
    process.stdout.write(`${told(done)}\n`);
    for (const { line, fault } of done.faults) process.stderr.write(`line ${line}: ${FAULTS[fault]}\n`);
    if (done.faults.length > 0)
      throw new Error(`${done.faults.length} lines were not taken over: correct them and import them again.`);
  });

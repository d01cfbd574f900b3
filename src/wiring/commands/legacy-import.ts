import { MOST_COST, readLegacyLines } from '../../modules/identity/legacy/legacy.lines.ts';
import type { Import } from '../../modules/identity/legacy/legacy.service.ts';
import { withSystem } from './with-system.ts';

const FAULTS: Readonly<Record<Import['faults'][number]['fault'], string>> = {
  UNREADABLE: 'it cannot be read: an identifier and a hash are wanted',
  NO_BCRYPT: `the hash is no bcrypt hash of 2^4 to 2^${MOST_COST} rounds`,
  UNKNOWN: 'nobody signs in here with this RUT or email',
  TWICE: 'a line before it is about the same person',
};

const told = ({ taken, there, own, waiting }: Import): string =>
  [
    `${taken} taken over`,
    `${there} were there already`,
    `${own} have a password here, or are to choose one`,
    `${waiting} wait for their first sign-in`,
  ].join('\n');

/** Imports the accounts of a file. Throws when a line is not taken, once all are looked at. */
export const importLegacy = (file: string): Promise<void> =>
  withSystem('', async ({ identity }) => {
    const done = await identity.legacy.take(readLegacyLines(file), '0'.repeat(32));
    process.stdout.write(`${told(done)}\n`);
    for (const { line, fault } of done.faults) process.stderr.write(`line ${line}: ${FAULTS[fault]}\n`);
    if (done.faults.length > 0)
      throw new Error(`${done.faults.length} lines were not taken over: correct them and import them again.`);
  });

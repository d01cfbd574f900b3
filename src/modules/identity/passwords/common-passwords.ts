import { readFileSync } from 'node:fs';
import { ownPath } from '../../../root.ts';

/** One a line, in lower case; where they are from stands at the head of the file. */
const LIST = `\n${readFileSync(ownPath('config/passwords/common.txt'), 'utf8')}`;

/** Whether a password, in lower case, is on the list of common ones. */
export const isCommon = (password: string): boolean => LIST.includes(`\n${password}\n`);

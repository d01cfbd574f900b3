import { readFileSync } from 'node:fs';
import { ownPath } from '../../../root.ts';

/** One a line, in lower case; where they are from stands at the head of the file. */
const LIST = ownPath('config/passwords/common.txt');

/**
 * Whether a password, in lower case, is on the list of common ones. It is read each time, which costs little beside the hash.
 * Bytes are looked up among bytes: a text with half a pair of surrogates, looked up as text, aborts the process (Node 24).
 */
export const isCommon = (password: string): boolean => readFileSync(LIST).includes(Buffer.from(`\n${password}\n`));

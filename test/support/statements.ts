import { appendFileSync } from 'node:fs';

const seen = new Set<string>();

/** Keeps every distinct statement that user `app` ran, for `test/after`, which holds all of them to the rules of the house. */
export const recordStatement = (text: string): void => {
  const file = process.env['ANGELIS_TEST_STATEMENTS'];
  if (file === undefined || seen.has(text)) return;
  seen.add(text);
  appendFileSync(file, `${JSON.stringify(text)}\n`);
};

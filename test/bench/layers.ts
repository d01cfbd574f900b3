import { existsSync, readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import type { Runtime } from 'node:inspector';
import { SourceMap } from 'node:module';
import type { SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The calls by which Node writes to sockets and files. */
const NODE = 'Node and V8';
const WRITTEN = 'writes to sockets and the log';
const WRITES = new Set(['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String', 'writeString']);

const maps = new Map<string, SourceMap | undefined>();

/** What a file of the build was made of, where it has a map beside it. */
const mapOf = (url: string): SourceMap | undefined => {
  if (!maps.has(url)) {
    const file = `${fileURLToPath(url)}.map`;
    maps.set(
      url,
      existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload) : undefined,
    );
  }
  return maps.get(url);
};

/** The file that a function was written in: the build puts many, packages among them, into one. */
const writtenIn = ({ url, lineNumber, columnNumber }: Runtime.CallFrame): string => {
  // Packages that are not part of the build have maps of their own, of folders that nobody has.
  const isBuilt = url.startsWith('file:') && !url.includes('/node_modules/');
  const entry = isBuilt ? mapOf(url)?.findEntry(lineNumber, columnNumber) : undefined;
  return entry !== undefined && 'originalSource' in entry ? String(entry.originalSource) : url;
};

/** By whose code time was spent: a library, a part of ours, or Node itself. The profiler's own is left out. */
const layerOf = (frame: Runtime.CallFrame): string | undefined => {
  const { url, functionName } = frame;
  if (url === 'node:inspector' || functionName === '(idle)' || functionName === '(root)') return undefined;
  if (url === '' && WRITES.has(functionName)) return WRITTEN;
  if (url === '' && functionName.startsWith('(')) return functionName;
  const file = writtenIn(frame);
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(file)?.[1];
  if (library !== undefined) return library;
  const own = /\/src\/((?:platform|modules)\/[^/]+|[^/]+)/.exec(file)?.[1];
  return own === undefined ? NODE : `Angelis: ${own.replace(/\.[jt]s$/, '')}`;
};

/** Of each layer, its part of the time that a process was busy, in percent. */
type Shares = Readonly<Record<string, number>>;

export interface Layers {
  /** While its own code ran: what it calls of Node's is Node's, and what it writes is a write. */
  readonly own: Shares;
  /** With what it called of Node and V8, writes included: whoever of ours or of a library called last pays for it. */
  readonly charged: Shares;
}

/** Node, V8 and what the system does for them: it runs because somebody called it. */
const isCalled = (layer: string): boolean => layer.startsWith('(') || layer === NODE || layer === WRITTEN;

/** Samples what this process does until it is stopped. */
export const startProfile = async (): Promise<() => Promise<Layers>> => {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 1_000 });
  await session.post('Profiler.start');
  return async () => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    const layers = new Map(profile.nodes.map(({ id, callFrame }) => [id, layerOf(callFrame)]));
    const payers = new Map(layers);
    // Parents come before those that they called.
    for (const { id, children } of profile.nodes) {
      const payer = payers.get(id);
      if (payer === undefined || isCalled(payer)) continue;
      for (const called of children ?? []) if (isCalled(layers.get(called) ?? '')) payers.set(called, payer);
    }
    const sharesOf = (of: ReadonlyMap<number, string | undefined>): Shares => {
      const spent = new Map<string, number>();
      for (const [index, id] of (profile.samples ?? []).entries()) {
        const layer = of.get(id);
        if (layer !== undefined) spent.set(layer, (spent.get(layer) ?? 0) + Math.max(0, profile.timeDeltas![index]!));
      }
      const busy = [...spent.values()].reduce((sum, time) => sum + time, 0);
      return Object.fromEntries(
        [...spent].toSorted((a, b) => b[1] - a[1]).map(([layer, time]) => [layer, (100 * time) / busy]),
      );
    };
    return { own: sharesOf(layers), charged: sharesOf(payers) };
  };
};

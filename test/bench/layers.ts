import { Session } from 'node:inspector/promises';
import type { Runtime } from 'node:inspector';

/** The calls by which Node writes to sockets and files. */
const WRITES = new Set(['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String', 'writeString']);

/** By whose code time was spent: a library, a part of ours, or Node itself. The profiler's own is left out. */
const layerOf = ({ url, functionName }: Runtime.CallFrame): string | undefined => {
  if (url === 'node:inspector' || functionName === '(idle)' || functionName === '(root)') return undefined;
  if (url === '' && WRITES.has(functionName)) return 'writes to sockets and the log';
  if (url === '' && functionName.startsWith('(')) return functionName;
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(url)?.[1];
  if (library !== undefined) return library;
  const own = /\/src\/((?:platform|modules)\/[^/]+|[^/]+)/.exec(url)?.[1];
  return own === undefined ? 'Node and V8' : `Angelis: ${own.replace(/\.[jt]s$/, '')}`;
};

/** Samples what this process does; `stop` tells each layer's part of the time it was busy, in percent. */
export const startProfile = async (): Promise<() => Promise<Readonly<Record<string, number>>>> => {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 1_000 });
  await session.post('Profiler.start');
  return async () => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    const layers = new Map(profile.nodes.map(({ id, callFrame }) => [id, layerOf(callFrame)]));
    const spent = new Map<string, number>();
    for (const [index, id] of (profile.samples ?? []).entries()) {
      const layer = layers.get(id);
      if (layer !== undefined) spent.set(layer, (spent.get(layer) ?? 0) + Math.max(0, profile.timeDeltas![index]!));
    }
    const busy = [...spent.values()].reduce((sum, time) => sum + time, 0);
    return Object.fromEntries(
      [...spent].toSorted((a, b) => b[1] - a[1]).map(([layer, time]) => [layer, (100 * time) / busy]),
    );
  };
};

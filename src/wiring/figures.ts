import type { Health } from '../platform/http/health.ts';
import type { Hub } from '../platform/stream/hub.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Connections } from './connections.ts';

/** What a whole process shows beside the figures of its parts: its checks, its pools, its streams. */
export const showFigures = (
  metrics: Metrics,
  { health, pools, hub }: { health: Health; pools: Connections['pools']; hub: Pick<Hub, 'count'> },
): void => {
  metrics.gauge({
    name: 'check_ok',
    help: 'Whether each check of health/detail is fine: 1, or 0',
    labels: ['check'],
    collect: async (gauge) => {
      gauge.reset();
      for (const { name, ok } of (await health.detail()).checks) gauge.set({ check: name }, ok ? 1 : 0);
    },
  });
  metrics.gauge({
    name: 'database_connections',
    help: 'Connections of each pool: busy, idle; waiting: callers without one',
    labels: ['pool', 'state'],
    collect: (gauge) => {
      for (const [pool, { totalCount, idleCount, waitingCount }] of Object.entries(pools)) {
        gauge.set({ pool, state: 'busy' }, totalCount - idleCount);
        gauge.set({ pool, state: 'idle' }, idleCount);
        gauge.set({ pool, state: 'waiting' }, waitingCount);
      }
    },
  });
  metrics.gauge({
    name: 'database_connections_limit',
    help: 'Most connections of each pool',
    labels: ['pool'],
    collect: (gauge) => {
      for (const [pool, { options }] of Object.entries(pools)) gauge.set({ pool }, options.max);
    },
  });
  metrics.gauge({
    name: 'stream_connections',
    help: 'Live streams that are open',
    collect: (gauge) => gauge.set(hub.count()),
  });
};

import type { HealthCheck } from '../platform/http/health.ts';
import type { Jobs } from '../platform/jobs/runtime.ts';
import type { Connections } from './connections.ts';

/** What a process depends on: the database hard, everything else shown beside it. */
export const healthChecks = ({ system, redis }: Connections, jobs: () => Jobs): HealthCheck[] => [
  {
    name: 'database',
    hard: true,
    check: async () => {
      await system.query('select 1');
    },
  },
  ...(redis === undefined
    ? []
    : [
        {
          name: 'redis',
          hard: false,
          check: async () => {
            await redis.ping();
          },
        },
      ]),
  {
    name: 'jobs',
    hard: false,
    check: async () => {
      const { queueAge, outboxLag, failed } = await jobs().health();
      return { queueAge, outboxLag, failed };
    },
  },
];

import type { TickDefinition } from '../../../platform/jobs/definitions.ts';
import type { Ingest, IngestSource } from './ingest.ts';

/** Seconds between two looks at a source: its rows are here within a minute. */
const EVERY = 15;
const NIGHTLY = 86_400;

/** Of each source: what waits in quarantine for an owner that is there now, then what is new; nightly, what came too late for that. */
export const ingestTicks = (ingest: Ingest, sources: readonly IngestSource[]): TickDefinition[] =>
  sources.flatMap((source): TickDefinition[] => [
    {
      name: `fitness.ingest.${source.source.toLowerCase()}`,
      every: EVERY,
      timeout: 300_000,
      for: 'once',
      run: async (scope, { signal }) => {
        await ingest.claim(source, scope);
        await ingest.run(source, scope, signal);
      },
    },
    {
      name: `fitness.reconcile.${source.source.toLowerCase()}`,
      every: NIGHTLY,
      timeout: 3_600_000,
      for: 'once',
      run: async (scope, { signal }) => {
        await ingest.reconcile(source, scope, signal);
      },
    },
  ]);

import { createIngest } from '../modules/fitness/ingest/ingest.ts';
import type { Ingest } from '../modules/fitness/ingest/ingest.ts';
import { ingestTicks } from '../modules/fitness/ingest/ingest.jobs.ts';
import { createQuarantine } from '../modules/fitness/ingest/quarantine.ts';
import { createIntake } from '../modules/fitness/intake/intake.ts';
import type { Intake } from '../modules/fitness/intake/intake.ts';
import type { FitnessOutcome } from '../modules/fitness/ports.ts';
import { createSourceOwners } from '../platform/access/source-owners.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

export interface Fitness {
  readonly modules: readonly Module[];
  readonly intake: Intake;
  readonly ingest: Ingest;
}

const observeRows = (platform: Platform) => {
  const rows = platform.metrics.counter({
    name: 'source_rows_total',
    help: 'Rows read from sources, by what became of them',
    labels: ['source', 'outcome'],
  });
  return (source: string, outcome: string, count: number): void => rows.inc({ source, outcome }, count);
};

/** Sources, results, baselines, policies, devices. `outcome` is what follows from results. */
export const wireFitness = (platform: Platform, outcome: FitnessOutcome): Fitness => {
  const { sources, system, keys } = platform;
  const intake = createIntake({ ...platform, outcome });
  const ingest = createIngest({
    ...platform,
    intake,
    owners: createSourceOwners(system),
    quarantine: createQuarantine(keys.data),
    observe: observeRows(platform),
  });
  return { intake, ingest, modules: [{ name: 'fitness-ingest', ticks: ingestTicks(ingest, sources) }] };
};

import { baselineList, StoredBaseline } from '../modules/fitness/baselines/baselines.repository.ts';
import { baselinesModule } from '../modules/fitness/baselines/baselines.router.ts';
import { createBaselinesService } from '../modules/fitness/baselines/baselines.service.ts';
import { calibrationTick } from '../modules/fitness/devices/calibration.ts';
import { deviceList } from '../modules/fitness/devices/devices.repository.ts';
import { devicesModule } from '../modules/fitness/devices/devices.router.ts';
import { createDevicesService } from '../modules/fitness/devices/devices.service.ts';
import { createIngest } from '../modules/fitness/ingest/ingest.ts';
import { ingestTicks } from '../modules/fitness/ingest/ingest.jobs.ts';
import { createQuarantine, quarantineErasure } from '../modules/fitness/ingest/quarantine.ts';
import { SourceCompany, sourceCompanyList } from '../modules/fitness/ingest/source-companies.ts';
import { anyRowList, quarantineList, sourceLags, unownedList } from '../modules/fitness/ingest/sources.repository.ts';
import { sourcesModules } from '../modules/fitness/ingest/sources.router.ts';
import { createSourcesService } from '../modules/fitness/ingest/sources.service.ts';
import { sourceCompaniesModule, staffQuarantineModule } from '../modules/fitness/ingest/staff.router.ts';
import { createStaffQuarantine } from '../modules/fitness/ingest/staff.service.ts';
import { createIntake } from '../modules/fitness/intake/intake.ts';
import type { Intake } from '../modules/fitness/intake/intake.ts';
import { policyList, StoredPolicy } from '../modules/fitness/policies/policies.repository.ts';
import { policiesModule } from '../modules/fitness/policies/policies.router.ts';
import { createPoliciesService } from '../modules/fitness/policies/policies.service.ts';
import * as policyReads from '../modules/fitness/policies.reads.ts';
import type { Notices } from '../modules/fitness/notices.ts';
import { safetyAdminsOf } from '../modules/fitness/recipients.reads.ts';
import type { FitnessOutcome } from '../modules/fitness/ports.ts';
import { resultList } from '../modules/fitness/results/results.repository.ts';
import { resultsModule, submissionsModules } from '../modules/fitness/results/results.router.ts';
import { createResultsService } from '../modules/fitness/results/results.service.ts';
import type { Reach } from '../modules/fitness/results/results.service.ts';
import { towardRow } from '../modules/organization/reach.ts';
import { createSourceOwners } from '../platform/access/source-owners.ts';
import { OPERATOR_COMPANY, systemScope } from '../platform/db/scope.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

export interface Fitness {
  readonly modules: readonly Module[];
  readonly intake: Intake;
}

interface FitnessNeeds {
  readonly people: Pick<Reach, 'restrict' | 'reaches'>;
  /** What follows from results: requirements, cases, holds. */
  readonly outcome: FitnessOutcome;
  readonly notices: Notices;
}

/** Figures of the sources; answers what counts their rows. */
const sourceFigures = ({ db, metrics, now, sources }: Platform) => {
  const rows = metrics.counter({
    name: 'source_rows_total',
    help: 'Rows read from sources, by what became of them',
    labels: ['source', 'outcome'],
  });
  if (sources.length > 0)
    metrics.gauge({
      name: 'source_lag_seconds',
      help: 'Time since a source was last read to its end',
      labels: ['source'],
      collect: async (gauge) => {
        const scope = systemScope(OPERATOR_COMPANY, 'metrics', '0'.repeat(32));
        for (const { source, seconds } of await db.read(scope, (reader) => sourceLags(reader, now())))
          gauge.set({ source }, seconds);
      },
    });
  return (source: string, outcome: string, count: number): void => rows.inc({ source, outcome }, count);
};

const wireSources = (platform: Platform, intake: Intake): Module[] => {
  const owners = createSourceOwners(platform.system);
  const quarantine = createQuarantine(platform.keys.data);
  const list = platform.list(quarantineList);
  const parts = { ...platform, owners, quarantine, intake, list };
  const ingest = createIngest({ ...parts, observe: sourceFigures(platform) });
  const unowned = platform.list(unownedList);
  const staff = createStaffQuarantine({ ...parts, ingest, unowned, anyRow: platform.list(anyRowList) });
  return [
    ...sourcesModules({
      list,
      service: createSourcesService(parts),
      ticks: ingestTicks(ingest, platform.sources),
      erasures: [quarantineErasure(platform.keys.data)],
    }),
    staffQuarantineModule({ service: staff, list: unowned }),
    sourceCompaniesModule(platform.operatorCrud(SourceCompany, sourceCompanyList)),
  ];
};

/** Sources, results, baselines, policies, devices. */
export const wireFitness = (platform: Platform, { people, outcome, notices }: FitnessNeeds): Fitness => {
  const intake = createIntake({ ...platform, outcome, policies: policyReads });
  const lists = {
    results: platform.list(resultList),
    policies: platform.list(policyList),
    baselines: platform.list(baselineList),
  };
  const results = createResultsService({
    ...platform,
    list: lists.results,
    intake,
    people: { ...people, toward: towardRow },
    policies: policyReads,
  });
  const stored = platform.repository(StoredPolicy);
  const policies = createPoliciesService({ ...platform, list: lists.policies, repository: stored });
  const repository = platform.repository(StoredBaseline);
  const baselines = createBaselinesService({
    ...platform,
    list: lists.baselines,
    repository,
    people,
    policies: policyReads,
  });
  return {
    intake,
    modules: [
      ...wireSources(platform, intake),
      resultsModule({ list: lists.results, service: results }),
      ...submissionsModules(results),
      devicesModule(createDevicesService(platform.crud(deviceList)), [
        calibrationTick({ ...platform, notices, safetyAdminsOf }),
      ]),
      policiesModule({ list: lists.policies, service: policies }),
      baselinesModule({ list: lists.baselines, service: baselines }),
    ],
  };
};

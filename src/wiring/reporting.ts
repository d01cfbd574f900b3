import { auditReport } from '../modules/reporting/catalogue/audit.report.ts';
import { breachReport } from '../modules/reporting/catalogue/breach.report.ts';
import { casesReport } from '../modules/reporting/catalogue/cases.report.ts';
import { complianceReport } from '../modules/reporting/catalogue/compliance.report.ts';
import { peopleReport } from '../modules/reporting/catalogue/people.report.ts';
import { resultsReport } from '../modules/reporting/catalogue/results.report.ts';
import { exportJob, purgeTick } from '../modules/reporting/exports/exports.jobs.ts';
import { createExportLifecycle } from '../modules/reporting/exports/exports.lifecycle.ts';
import { ExportJob, exportList } from '../modules/reporting/exports/exports.repository.ts';
import { exportsModules } from '../modules/reporting/exports/exports.router.ts';
import { createRunner } from '../modules/reporting/exports/exports.runner.ts';
import { createExportsService } from '../modules/reporting/exports/exports.service.ts';
import type { Notices } from '../modules/reporting/ports.ts';
import type { Module } from '../platform/http/module.ts';
import type { ReportDefinition } from '../platform/render/report.ts';
import type { Platform } from './platform.ts';

/** Reports over the tables of several areas; the others come from the modules that they are about. */
const OWN_REPORTS = [complianceReport, breachReport, resultsReport, casesReport, peopleReport, auditReport];

export interface ReportingNeeds {
  /** The reports that the other modules bring. */
  readonly reports: readonly ReportDefinition[];
  readonly notices?: Notices;
}

/** Exports of every registered report. */
export const wireReporting = (platform: Platform, needs: ReportingNeeds): readonly Module[] => {
  const all = [...OWN_REPORTS, ...needs.reports];
  const reports = new Map(all.map((report) => [report.kind, report]));
  const repository = platform.repository(ExportJob);
  const list = platform.list(exportList);
  const lifecycle = createExportLifecycle(needs.notices);
  const mover = platform.mover(lifecycle, repository);
  const parts = { ...platform, repository, list, mover, reports };
  const service = createExportsService({ ...parts, signing: platform.keys.signing });
  return exportsModules(
    { service, list, reports: all },
    {
      lifecycles: [lifecycle],
      jobs: [exportJob(createRunner(parts))],
      ticks: [purgeTick(parts)],
      reports: OWN_REPORTS,
    },
  );
};

import { licensesReport } from '../modules/commerce/licenses/licenses.report.ts';
import { percentOf } from '../modules/fitness/compliance/compliance.ts';
import { breachReport } from '../modules/fitness/compliance/breach.report.ts';
import { casesReport } from '../modules/fitness/cases/cases.report.ts';
import { complianceReport } from '../modules/fitness/compliance/compliance.report.ts';
import { resultsReport } from '../modules/fitness/intake/results.report.ts';
import { peopleReport } from '../modules/organization/profiles/people.report.ts';
import { visibleProfiles } from '../modules/organization/reach.ts';
import { auditReport } from '../modules/reporting/catalogue/audit.report.ts';
import { exportJobs, purgeTick } from '../modules/reporting/exports/exports.jobs.ts';
import { createExportLifecycle } from '../modules/reporting/exports/exports.lifecycle.ts';
import { exportList } from '../modules/reporting/exports/exports.repository.ts';
import { exportsModules } from '../modules/reporting/exports/exports.router.ts';
import { createRunner } from '../modules/reporting/exports/exports.runner.ts';
import { createExportsService } from '../modules/reporting/exports/exports.service.ts';
import type { Notices } from '../modules/reporting/ports.ts';
import { assignmentsReport } from '../modules/workforce/assignments/assignments.report.ts';
import { createUnitOfWork } from '../platform/db/unit-of-work.ts';
import type { Module } from '../platform/http/module.ts';
import type { ReportDefinition } from '../platform/render/report.ts';
import type { FileRoom } from '../platform/storage/company-files.ts';
import type { Platform } from './platform.ts';

/** The reports that are bound by the reader's reach over people; the others come with their modules. */
const PEOPLE_REPORTS = [
  complianceReport,
  breachReport,
  resultsReport,
  casesReport,
  peopleReport,
  assignmentsReport,
  licensesReport,
  auditReport,
].map((create): ReportDefinition => ({ ...create(visibleProfiles), ofPeople: true }));

export interface ReportingNeeds {
  /** The reports that the other modules bring. */
  readonly reports: readonly ReportDefinition[];
  readonly notices: Notices;
  readonly room: FileRoom;
}

/** Exports of every registered report. */
export const wireReporting = (platform: Platform, needs: ReportingNeeds): readonly Module[] => {
  const all = [...PEOPLE_REPORTS, ...needs.reports];
  const reports = new Map(all.map((report) => [report.kind, report]));
  const lifecycle = createExportLifecycle(platform.enqueue, needs.notices);
  const crud = platform.crud(exportList, lifecycle);
  const parts = { ...platform, ...crud, room: needs.room, reports, percentOf, visible: visibleProfiles };
  const service = createExportsService({ ...parts, signing: platform.keys.signing });
  return exportsModules(
    { service, list: crud.list, reports: all },
    {
      lifecycles: [lifecycle],
      jobs: exportJobs(createRunner({ ...parts, work: createUnitOfWork(platform.jobsDb) })),
      ticks: [purgeTick(parts)],
      reports: PEOPLE_REPORTS,
    },
  );
};

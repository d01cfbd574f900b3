import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { createDecider } from '../../../src/platform/access/decision.ts';
import { createDirectory } from '../../../src/platform/access/directory.ts';
import { createDatabase } from '../../../src/platform/db/database.ts';
import { createPool } from '../../../src/platform/db/pool.ts';
import { createRepository } from '../../../src/platform/db/repository.ts';
import { createUnitOfWork } from '../../../src/platform/db/unit-of-work.ts';
import { createI18n } from '../../../src/platform/i18n/i18n.ts';
import { createConsumer } from '../../../src/platform/jobs/consumer.ts';
import { createOutbox } from '../../../src/platform/jobs/outbox.ts';
import { createRegistry } from '../../../src/platform/jobs/registry.ts';
import { createMover } from '../../../src/platform/lifecycle/mover.ts';
import { createFolderStore } from '../../../src/platform/storage/folder.ts';
import type { FileStore } from '../../../src/platform/storage/file-store.ts';
import { EXPORT_JOB, exportJobs } from '../../../src/modules/reporting/exports/exports.jobs.ts';
import { CLEAR_JOB, createExportLifecycle } from '../../../src/modules/reporting/exports/exports.lifecycle.ts';
import { ExportJob } from '../../../src/modules/reporting/exports/exports.repository.ts';
import { createRunner } from '../../../src/modules/reporting/exports/exports.runner.ts';
import type { Notices } from '../../../src/modules/reporting/ports.ts';
import { percentOf } from '../../../src/modules/fitness/compliance/compliance.ts';
import { visibleProfiles } from '../../../src/modules/organization/reach.ts';
import { projectsReport } from '../../../src/modules/workforce/projects/projects.report.ts';
import { plainRecorder } from '../../support/changes.ts';
import { failLoudly } from '../../support/background.ts';

export interface ExportNodeOptions {
  readonly app: string;
  readonly system: string;
  readonly folder: string;
}

/** Leaves a row for each notice, in the transaction that makes it. */
const notices: Notices = {
  notify: async (tx, { entityId, kind, recipients, params }) => {
    await tx.query(
      'insert into told (company_id, id, entity_id, kind, recipients, params) values ($1, $2, $3, $4, $5, $6)',
      [tx.companyId, uuidv7(), entityId, kind, recipients, params],
    );
  },
};

export const TOLD =
  'create table told (company_id uuid, id uuid, entity_id uuid, kind text, recipients uuid[], params jsonb)';

/** What a process has that writes exports, on connections of its own; `wrap` puts something round its files. */
export const openExportNode = async (
  { app, system, folder }: ExportNodeOptions,
  wrap: (files: FileStore) => FileStore = (files) => files,
) => {
  const now = () => new Date();
  const pool = (url: string) =>
    createPool({ url, max: 3, applicationName: 'test exports', statementTimeout: 60_000, onError: failLoudly });
  const writer = pool(app);
  const systemPool = pool(system);
  const db = createDatabase({ writer, reader: writer, now });
  const work = createUnitOfWork(db);
  const repository = createRepository(ExportJob, db, plainRecorder());
  const decide = createDecider(() => ({ [projectsReport.permission]: 'everybody' }));
  const mover = createMover(createExportLifecycle(createOutbox().enqueue, notices), repository, {
    work,
    decide,
  });
  const files = wrap(await createFolderStore(folder));
  const runner = createRunner({
    work,
    repository,
    mover,
    directory: createDirectory(systemPool, now),
    decide,
    reports: new Map([[projectsReport.kind, projectsReport]]),
    files,
    room: { count: () => Promise.resolve() },
    i18n: createI18n({ folder: new URL('../../../locales', import.meta.url).pathname }),
    percentOf,
    visible: visibleProfiles,
    now,
  });
  const consume = createConsumer({
    db,
    registry: createRegistry(exportJobs(runner)),
    now,
    log: pino({ level: 'silent' }),
    backoff: () => 0,
    observe: () => undefined,
    grace: 1_000,
    cut: new AbortController().signal,
  });
  return {
    files,
    /** One try of the job that `outboxId` asked for. */
    attempt: async (companyId: string, outboxId: string): Promise<void> => {
      await consume({ companyId, outboxId, job: EXPORT_JOB });
    },
    /** One try of the job that clears. */
    clear: async (companyId: string, outboxId: string): Promise<void> => {
      await consume({ companyId, outboxId, job: CLEAR_JOB });
    },
    close: async () => {
      await writer.end();
      await systemPool.end();
    },
  };
};

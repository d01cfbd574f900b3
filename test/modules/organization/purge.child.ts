import type { CompanyRow } from '../../../src/modules/organization/companies/companies.repository.ts';
import { createCompanyLifecycle } from '../../../src/modules/organization/companies/companies.lifecycle.ts';
import { Company } from '../../../src/modules/organization/companies/companies.repository.ts';
import { createPurge } from '../../../src/modules/organization/companies/purge.service.ts';
import { createDecider } from '../../../src/platform/access/decision.ts';
import { createDatabase } from '../../../src/platform/db/database.ts';
import { createOperatorRepository } from '../../../src/platform/db/operator-repository.ts';
import { createPool } from '../../../src/platform/db/pool.ts';
import { createRowPurge } from '../../../src/platform/db/purge.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../src/platform/db/scope.ts';
import { createUnitOfWork } from '../../../src/platform/db/unit-of-work.ts';
import { createMover } from '../../../src/platform/lifecycle/mover.ts';
import { createFolderStore } from '../../../src/platform/storage/folder.ts';
import { failLoudly } from '../../support/background.ts';
import { plainRecorder } from '../../support/changes.ts';

/** Where the process stands still, to be killed there. */
export interface KilledPurge {
  readonly at: 'files' | 'rows';
  readonly app: string;
  readonly system: string;
  readonly folder: string;
  readonly companyId: string;
}

const { at, companyId, ...options } = JSON.parse(process.argv[2]!) as KilledPurge;

/** Stands still for good the fourth time it is passed. */
const barrier = (name: KilledPurge['at']) => {
  let passed = 0;
  return async (): Promise<void> => {
    passed += 1;
    if (name !== at || passed < 4) return;
    process.stdout.write('.');
    await new Promise(() => undefined);
  };
};
const [byFiles, byRows] = [barrier('files'), barrier('rows')];

// A promise alone keeps no process alive.
setInterval(() => undefined, 1_000);
const now = () => new Date();
const pool = (url: string) =>
  createPool({ url, max: 2, applicationName: 'test purge', statementTimeout: 60_000, onError: failLoudly });
const writer = pool(options.app);
const system = pool(options.system);
const connect = system.connect.bind(system);
Object.assign(system, {
  // With a callback it is the pool that asks, for a query.
  connect: (callback?: Parameters<typeof connect>[0]) =>
    callback === undefined ? byRows().then(() => connect()) : connect(callback),
});
const db = createDatabase({ writer, reader: writer, now });
const repository = createOperatorRepository(Company, plainRecorder());
const lifecycle = createCompanyLifecycle(
  () => Promise.resolve(),
  () => Promise.resolve(90),
  () => Promise.resolve(undefined),
);
const mover = createMover<CompanyRow>(lifecycle, repository, {
  work: createUnitOfWork(db),
  decide: createDecider(() => ({})),
});
const files = await createFolderStore(options.folder);
const purge = createPurge({
  db,
  repository,
  mover,
  files: {
    list: files.list,
    remove: async (key) => {
      await byFiles();
      await files.remove(key);
    },
  },
  vault: { erase: () => Promise.resolve() },
  // One row at a time. Who leaves with a company is another's matter.
  rows: createRowPurge(system, 1),
  leaving: {
    isHeld: () => Promise.resolve(false),
    people: () => Promise.resolve(),
    machines: () => Promise.resolve(),
  },
});
const context = { scope: systemScope(OPERATOR_COMPANY, 'test', 'e'.repeat(32)), signal: new AbortController().signal };
await (purge as unknown as { run: (payload: object, context: object) => Promise<void> }).run({ companyId }, context);

import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type pg from 'pg';
import { createIngest } from '../../../../src/modules/fitness/ingest/ingest.ts';
import type { Ingest } from '../../../../src/modules/fitness/ingest/ingest.ts';
import { createQuarantine } from '../../../../src/modules/fitness/ingest/quarantine.ts';
import { createIntake } from '../../../../src/modules/fitness/intake/intake.ts';
import type { Intake } from '../../../../src/modules/fitness/intake/intake.ts';
import * as policies from '../../../../src/modules/fitness/policies.reads.ts';
import type { FitnessOutcome, JudgedResult } from '../../../../src/modules/fitness/ports.ts';
import { createSourceOwners } from '../../../../src/platform/access/source-owners.ts';
import { createChangeRecorder } from '../../../../src/platform/change/recorder.ts';
import type { KeyRing } from '../../../../src/platform/crypto/key-ring.ts';
import { createCompanyVault } from '../../../../src/platform/change/company-vault.ts';
import type { CompanyVault } from '../../../../src/platform/change/company-vault.ts';
import { createVault } from '../../../../src/platform/change/vault.ts';
import type { Database } from '../../../../src/platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import type { Scope } from '../../../../src/platform/db/scope.ts';
import { randomRing } from '../../../support/companies.ts';
import { cloneDatabase } from '../../../support/database.ts';
import type { TestDatabase } from '../../../support/database.ts';

export interface Company {
  readonly id: string;
  readonly slug: string;
}

export interface Person {
  readonly profileId: string;
  readonly code: string;
}

export interface ResultRow {
  readonly id: string;
  readonly profile_id: string;
  readonly source: string;
  readonly external_id: string;
  readonly level: string;
  readonly action: string;
  readonly attempt: string;
  readonly attempt_no: number;
  readonly reasons: string[];
  readonly arrival_flags: string[];
  readonly quality_flags: string[];
  readonly device_state: string;
  readonly requirement_id: string | null;
  readonly shift_id: string | null;
  readonly case_id: string | null;
  readonly baseline_version: number | null;
  readonly supersedes: string | null;
  readonly superseding: string | null;
  readonly metrics_sealed: string;
  readonly opens_case: boolean;
}

/** Ingest on a database of its own; what the outcome's hook is told is kept in `told`. */
export interface IngestHarness {
  readonly database: TestDatabase;
  readonly db: Database;
  readonly root: pg.Client;
  readonly ingest: Ingest;
  readonly intake: Intake;
  readonly vault: CompanyVault;
  readonly told: JudgedResult[];
  /** Keeps what is told; a test may put another in its place. */
  outcome: FitnessOutcome['onResults'];
  readonly scope: Scope;
  readonly clock: { set: (at: Date | undefined) => void; now: () => Date };
  addCompany(slug?: string): Promise<Company>;
  addPerson(company: Company, code: string, systems?: readonly string[]): Promise<Person>;
  link(company: Company, profileId: string, system: string, code: string): Promise<void>;
  /** Rows of the company, the oldest test first; those that stand only, unless `all`. */
  results(company: Company, all?: boolean): Promise<ResultRow[]>;
  close(): Promise<void>;
}

interface IngestParts {
  readonly db: Database;
  readonly system: pg.Pool;
  readonly keys: KeyRing;
  readonly now: () => Date;
  readonly onResults: FitnessOutcome['onResults'];
}

/** Ingest as wiring puts it together. */
export const buildIngest = ({ db, system, keys, now, onResults }: IngestParts): { ingest: Ingest; intake: Intake } => {
  const intake = createIntake({
    companyVault: createCompanyVault(keys),
    changes: createChangeRecorder(createVault(keys)),
    outcome: { onResults },
    policies,
  });
  const log = pino({ level: 'silent' });
  const owners = createSourceOwners(system);
  return { intake, ingest: createIngest({ db, owners, intake, quarantine: createQuarantine(keys), log, now }) };
};

export const createIngestHarness = async (): Promise<IngestHarness> => {
  const database = await cloneDatabase();
  let moved: Date | undefined;
  const now = () => moved ?? new Date();
  const db = database.open({ now });
  const root = await database.superuser();
  const keys = randomRing();
  const vault = createCompanyVault(keys);
  const told: JudgedResult[] = [];
  const keep: FitnessOutcome['onResults'] = (_tx, results) => {
    told.push(...results);
    return Promise.resolve();
  };
  const harness = { outcome: keep };
  const systemPool = database.pool('system', 2);
  const { ingest, intake } = buildIngest({
    now,
    db,
    system: systemPool,
    keys,
    onResults: (tx, results) => harness.outcome(tx, results),
  });
  const link: IngestHarness['link'] = async (company, profileId, system, code) => {
    await root.query(
      `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $6)`,
      [company.id, uuidv7(), system, code, profileId, now()],
    );
  };
  return Object.assign(harness, {
    database,
    db,
    root,
    ingest,
    intake,
    vault,
    told,
    scope: systemScope(OPERATOR_COMPANY, 'test', '0'.repeat(32)),
    clock: {
      now,
      set: (at: Date | undefined) => {
        moved = at;
      },
    },
    link,
    addCompany: async (slug?: string) => {
      const id = uuidv7();
      const company = { id, slug: slug ?? `mine-${id.slice(-8)}` };
      await root.query(
        `insert into company (id, slug, name, kind, timezone, locale, status, created_at, updated_at)
         values ($1, $2, $2, 'standard', 'America/Santiago', 'es', 'active', $3, $3)`,
        [id, company.slug, now()],
      );
      return company;
    },
    addPerson: async (company: Company, code: string, systems: readonly string[] = ['SAFER', 'FIT2000']) => {
      const profileId = uuidv7();
      await root.query(
        `insert into profile (company_id, id, first_name, last_name, national_id_kind, kind, status, created_at, updated_at)
         values ($1, $2, 'Ana', $3, 'RUT', 'employee', 'active', $4, $4)`,
        [company.id, profileId, code, now()],
      );
      for (const system of systems) await link(company, profileId, system, code);
      return { profileId, code };
    },
    results: async (company: Company, all = false) => {
      const { rows } = await root.query<ResultRow>(
        `select r.* from test_result r
         where r.company_id = $1 and ($2 or exists (select 1 from test_result_key k
           where k.company_id = $1 and k.result_id = r.id and not k.is_duplicate))
         order by r.taken_at, r.id`,
        [company.id, all],
      );
      return rows;
    },
    close: () => database.drop(),
  });
};

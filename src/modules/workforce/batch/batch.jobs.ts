import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import type { PersonalVault } from '../../../platform/change/vault.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import { inParallel } from '../../../platform/process/parallel.ts';
import type { Validator } from '../../../platform/schema/validator.ts';
import { dateAt } from '../../../platform/time/zone.ts';
import { Problem } from '../../../platform/module.ts';
import type { JobDefinition, Tx } from '../../../platform/module.ts';
import type { NationalIdReader, PeopleBulk, Zones } from '../ports.ts';
import { countFaulty, noteProgress, stagedPeople } from './batch.repository.ts';
import type { BatchUploadRow, StagedPerson } from './batch.repository.ts';
import { recheck, settle, stage } from './batch.staging.ts';
import type { StagedRow } from './batch.staging.ts';
import { CLOSED_TO_SUPPORT, LINK_COLUMNS, ROW, SHEETS } from './columns.ts';
import type { FileRow } from './columns.ts';
import { parseRows } from './parse.ts';
import type { FileLine, RowFault } from './parse.ts';
import { createRuns, PATIENCE } from './runs.ts';
import type { RunDependencies, UploadPayload } from './runs.ts';

export const VALIDATE = 'workforce.batch.validate';
export const COMMIT = 'workforce.batch.commit';

interface BatchJobDependencies extends RunDependencies {
  readonly validator: Validator;
  readonly vault: Pick<PersonalVault, 'seal' | 'opener'>;
  readonly people: PeopleBulk;
  readonly zones: Zones;
}

/** `closed`: columns that whoever uploaded the file may not fill. */
interface ValidatePayload extends UploadPayload {
  readonly closed: readonly (keyof FileRow)[];
}

/** What the dry run is told. */
export const validation = (uploadId: string, { support }: { readonly support: boolean }): ValidatePayload => ({
  uploadId,
  closed: support ? CLOSED_TO_SUPPORT : [],
});

/** People that are written at once, and how many such pages: while one is written the next is sealed. */
const PAGE = 500;
const PAGES = 2;

interface RowReaderOptions {
  readonly check: ReturnType<Validator['compile']>;
  readonly people: PeopleBulk;
  readonly ids: NationalIdReader;
  readonly today: string;
  readonly closed: ValidatePayload['closed'];
}

/** Reads one row of the file: what it says, and what is wrong with it by itself. */
const createRowReader = ({ check, people, ids, today, closed }: RowReaderOptions) => {
  const contactOf = (values: Partial<FileRow>, faults: Omit<RowFault, 'row'>[]) => {
    const given = { contactEmail: values.email ?? null, contactPhone: values.phone ?? null };
    try {
      return people.contact(given);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      faults.push({ column: 'phone', code: error.options.errors?.[0]?.code ?? error.code });
      return {};
    }
  };
  return (values: Partial<FileRow>) => {
    const faults: Omit<RowFault, 'row'>[] = check(values).map(({ pointer, code, params }) => ({
      column: pointer.slice(1),
      code,
      ...(params && { params }),
    }));
    for (const column of closed) if (values[column] !== undefined) faults.push({ column, code: 'NOT_BY_SUPPORT' });
    const kind = values.rut === undefined ? ('PASSPORT' as const) : ('RUT' as const);
    const written = values.rut ?? values.passport;
    const read = written === undefined ? { problem: 'required' } : ids.read(kind, written);
    if ('problem' in read)
      faults.push({ column: kind === 'RUT' || written === undefined ? 'rut' : 'passport', code: read.problem });
    if (values.rut !== undefined && values.passport !== undefined)
      faults.push({ column: 'passport', code: 'ONE_DOCUMENT' });
    if (values.kind === 'temporary' && values.expires_on === undefined)
      faults.push({ column: 'expires_on', code: 'required' });
    if (values.expires_on !== undefined && values.expires_on < today)
      faults.push({ column: 'expires_on', code: 'IN_THE_PAST' });
    const document =
      'value' in read ? { kind, nationalId: read.value, hashes: ids.hashes(kind, read.value) } : undefined;
    return { document, contact: contactOf(values, faults), faults };
  };
};

type RowReader = ReturnType<typeof createRowReader>;

/** The row as `read` reads it, with what kept it from being read; of a cell that is not text, nothing else is said. */
const readLine = ({ row, values, faults }: FileLine<FileRow>, read: RowReader) => {
  if (values === undefined) return { faults };
  const { document, contact, faults: others } = read(values);
  const broken = new Set(faults.map(({ column }) => column));
  const added = others.filter(({ column }) => !broken.has(column)).map((fault) => ({ ...fault, row }));
  return { document, contact, faults: [...faults, ...added] };
};

const linksOf = (values: Partial<FileRow>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(LINK_COLUMNS).flatMap(([system, column]) =>
      values[column] === undefined ? [] : [[system, values[column]]],
    ),
  );

async function* pagesOf(tx: Tx, uploadId: string): AsyncGenerator<StagedPerson[]> {
  let page: StagedPerson[];
  let after = 0;
  do {
    page = await stagedPeople(tx, uploadId, after, PAGE);
    after = page.at(-1)?.row ?? after;
    if (page.length > 0) yield page;
  } while (page.length === PAGE);
}

/** The two jobs of an upload: the dry run, and the commit of what passed it. */
export const batchJobs = (dependencies: BatchJobDependencies): readonly JobDefinition[] => {
  const { repository, work, files, validator, vault, people, zones } = dependencies;
  const runs = createRuns(dependencies);
  const check = validator.compile(ROW);

  /** Asks the database nothing: COPY holds the connection while it runs. */
  async function* stagedRows(
    tx: Tx,
    source: Readable,
    read: RowReader,
    whenFatal: () => void,
  ): AsyncGenerator<StagedRow> {
    for await (const line of parseRows<FileRow>(source, SHEETS.profiles)) {
      const { row, values = {} } = line;
      const { document, contact, faults } = readLine(line, read);
      if (line.isFatal) whenFatal();
      yield {
        row,
        id: uuidv7(),
        firstName: values.first_name ?? null,
        lastName: values.last_name ?? null,
        nationalIdKind: document?.kind ?? null,
        nationalIdSealed: document === undefined ? null : await vault.seal(tx, tx.companyId, document.nationalId),
        nationalIdHashes: document?.hashes ?? [],
        contactEmail: contact?.contactEmail ?? null,
        contactPhone: contact?.contactPhone ?? null,
        employeeNumber: values.employee_number ?? null,
        kind: values.kind ?? 'employee',
        department: values.department ?? null,
        site: values.site ?? null,
        riskGroup: values.risk_group ?? null,
        expiresOn: faults.some(({ column }) => column === 'expires_on') ? null : (values.expires_on ?? null),
        links: linksOf(values),
        faults,
      };
    }
  }

  const dryRun = (scope: Scope, { uploadId, closed }: ValidatePayload, fileKey: string): Promise<void> =>
    work.write({ scope }, async (tx) => {
      await tx.query(PATIENCE);
      const zone = await zones.of(tx);
      const ids = await people.nationalIds(tx);
      await vault.seal(tx, tx.companyId, 'the key is there before the stream begins');
      const read = createRowReader({ check, people, ids, today: dateAt(tx.now, zone), closed });
      let isWhole = true;
      const staged = stagedRows(tx, await files.get(fileKey), read, () => {
        isWhole = false;
      });
      await stage(tx, staged);
      await runs.settled(tx, scope, uploadId, { ...(await settle(tx, uploadId, zone)), isWhole });
    });

  const addAll = async (tx: Tx, scope: Scope, row: BatchUploadRow): Promise<number> => {
    const opener = await vault.opener(tx, tx.companyId);
    const open = (sealed: string): string => {
      const value = opener(sealed);
      if (value === undefined) throw new Error('the key that the rows of this upload were sealed under is gone');
      return value;
    };
    let added = 0;
    let told = 0;
    await inParallel(pagesOf(tx, row.id), PAGES, async (page) => {
      await people.add(
        tx,
        page.map(({ nationalIdSealed, ...person }) => ({ ...person, nationalId: open(nationalIdSealed) })),
      );
      added += page.length;
      const percent = Math.min(99, Math.floor((100 * added) / row.validCount));
      if (percent === told) return;
      told = percent;
      await work.write({ scope }, (other) => noteProgress(other, row.id, percent));
    });
    return added;
  };

  const commit = (scope: Scope, uploadId: string): Promise<void> =>
    work.write({ scope }, async (tx) => {
      await tx.query(PATIENCE);
      await serialize(tx, `batch:${uploadId}`);
      const row = await repository.get(tx, uploadId);
      if (row.status !== 'committing') return;
      await recheck(tx, uploadId);
      const faulty = await countFaulty(tx, uploadId);
      const isWhole = faulty === row.errorCount;
      const committedCount = isWhole || row.partial ? await addAll(tx, scope, row) : 0;
      const counts = { committedCount, errorCount: faulty };
      await runs.committed(tx, scope, uploadId, counts, isWhole || row.partial ? 'finish' : 'fail');
    });

  return [
    runs.dryRunJob<ValidatePayload>(VALIDATE, dryRun),
    runs.commitJob(COMMIT, (scope, { uploadId }) => commit(scope, uploadId)),
  ];
};

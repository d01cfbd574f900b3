import type { Logger } from 'pino';
import type { SourceOwner, SourceOwners } from '../../../platform/access/source-owners.ts';
import type { Database } from '../../../platform/db/database.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import { isConnectionError } from '../../../platform/db/errors.ts';
import { errorCode } from '../../../platform/errors.ts';
import { inParallel } from '../../../platform/process/parallel.ts';
import { Problem } from '../../../platform/problem.ts';
import type { TestSource } from '../definitions/definitions.ts';
import type { IncomingTest, OwnedTest } from '../intake/content.ts';
import type { Intake } from '../intake/intake.ts';
import type { RawRow } from '../sources/raw-row.ts';
import { SourceFailure } from '../sources/reader.ts';
import type { SourceReader } from '../sources/reader.ts';
import { identityOf } from '../sources/rows.ts';
import type { RowIdentity, RowReader } from '../sources/rows.ts';
import type { Overlap } from '../sources/mapping.ts';
import { RowFault } from '../sources/values.ts';
import { progressOf, saveFailure, saveReconciliation, saveStep } from './cursor.ts';
import type { INGESTED } from './cursor.ts';
import { OWNER_REASONS } from './quarantine.ts';
import type { Quarantine, RefusedRow } from './quarantine.ts';
import { createSeen } from './seen.ts';

/** A source as ingest knows it. */
export interface IngestSource {
  readonly source: (typeof INGESTED)[number];
  readonly reader: SourceReader;
  readonly read: RowReader;
  /** What below the cursor is read again, since lower ids may become visible late. */
  readonly overlap: Overlap;
}

interface IngestDependencies {
  readonly db: Database;
  readonly owners: SourceOwners;
  readonly intake: Intake;
  readonly quarantine: Quarantine;
  readonly log: Pick<Logger, 'warn' | 'error' | 'info'>;
  readonly now: () => Date;
  /** Told of every batch. */
  readonly observe?: (source: TestSource, outcome: 'taken' | 'known' | 'quarantined', rows: number) => void;
}

export interface Counts {
  readonly taken: number;
  readonly known: number;
  readonly quarantined: number;
}

export interface Ingest {
  /**
   * Reads a source from its cursor to its end, or until `signal`, and what may have become visible below the cursor within the
   * overlap. A source that fails is noted, never thrown.
   */
  run(source: IngestSource, scope: Scope, signal: AbortSignal): Promise<Counts>;
  /** Searches all rows of the last hours (`overlap.reconcileHours`) below the cursor for those that came after the overlap, takes and counts them. */
  reconcile(source: IngestSource, scope: Scope, signal: AbortSignal): Promise<Counts>;
  /** Takes rows of a source that wait in quarantine and have an owner now. */
  claim(source: IngestSource, scope: Scope): Promise<Counts>;
  /** Takes raw rows: what is no result goes to quarantine with its reason. */
  take(source: IngestSource, rows: readonly RawRow[], scope: Scope): Promise<Counts>;
}

/** Rows that are read at once: of many companies, so that each has enough for one transaction. */
const BATCH = 2_000;
/** Most rows of one company in one transaction: their people are locked until its end. */
const CHUNK = 500;
/** Companies that are written at once. */
const LANES = 3;
/** Rows of the overlap that a process remembers as settled. */
const MOST_SEEN = 50_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const NOTHING: Counts = { taken: 0, known: 0, quarantined: 0 };
const CLOSED = new Set(['archived', 'purged']);
/** Serialization failure, deadlock, server shutting down: nothing is wrong with the row. */
const PASSING = new Set(['40001', '40P01', '57P01', '57P03', '53300', '55P03', '57014']);

const add = (a: Counts, b: Counts): Counts => ({
  taken: a.taken + b.taken,
  known: a.known + b.known,
  quarantined: a.quarantined + b.quarantined,
});

/** Whether an error passes by itself, so that the same rows are simply tried again. */
const isPassing = (error: unknown): boolean =>
  (error instanceof Problem && error.status === 503) || isConnectionError(error) || PASSING.has(errorCode(error) ?? '');

export interface ReadRow {
  readonly raw: RawRow;
  readonly identity: RowIdentity;
  readonly test?: IncomingTest;
  readonly fault?: RowFault;
}

/** A row under its mapping: a test, or the fault that it is none. */
export const readRow = (read: RowReader, raw: RawRow): ReadRow => {
  const identity = identityOf(raw);
  try {
    return { raw, identity, test: read(raw, identity) };
  } catch (error) {
    if (error instanceof RowFault) return { raw, identity, fault: error };
    throw error;
  }
};

/** Why a row has no place: its own fault before that of its owner. */
export const refusalOf = (
  { fault }: ReadRow,
  owner: SourceOwner,
): { reason: string; pointer: string | null } | undefined => {
  if (fault !== undefined) return { reason: fault.code, pointer: fault.pointer };
  if (owner.companyId === null) return { reason: 'UNKNOWN_COMPANY', pointer: 'company' };
  if (CLOSED.has(owner.companyStatus ?? '')) return { reason: 'COMPANY_CLOSED', pointer: 'company' };
  return owner.profileId === null ? { reason: 'UNKNOWN_PERSON', pointer: 'person' } : undefined;
};

type Owned = ReadRow & { readonly test: OwnedTest };

/** Reads sources into results; see docs/architecture.md, isolation: owners are found as `system`, rows written as `app`. */
export const createIngest = (dependencies: IngestDependencies): Ingest => {
  const { db, owners, intake, quarantine, log, now, observe } = dependencies;
  const seen = createSeen(MOST_SEEN);

  /** One company's rows in one transaction; when something is wrong with one of them, in halves until that one is alone. */
  const takeOf = async (scope: Scope, rows: readonly Owned[], refused: RefusedRow[]): Promise<Counts> => {
    try {
      const { known } = await db.write(scope, (tx) =>
        intake.take(
          tx,
          rows.map(({ test }) => test),
        ),
      );
      return { taken: rows.length - known, known, quarantined: 0 };
    } catch (error) {
      if (isPassing(error)) throw error;
      const [first] = rows;
      if (rows.length > 1 || first === undefined) {
        const half = Math.ceil(rows.length / 2);
        const before = await takeOf(scope, rows.slice(0, half), refused);
        return add(before, await takeOf(scope, rows.slice(half), refused));
      }
      log.error({ err: error, source: first.test.source, externalId: first.identity.externalId }, 'a row was refused');
      const { identity, raw } = first;
      const reason = error instanceof Problem && error.status === 409 ? error.code : 'REFUSED';
      refused.push({ identity, raw, companyId: scope.companyId, reason, pointer: null });
      return NOTHING;
    }
  };

  const take: Ingest['take'] = async ({ source, read }, rows, scope) => {
    if (rows.length === 0) return NOTHING;
    const given = rows.map((raw) => readRow(read, raw));
    const discarded = await db.read(scope, (reader) =>
      quarantine.discarded(
        reader,
        source,
        given.map(({ identity }) => identity),
      ),
    );
    const all = given.filter(({ identity }) => !discarded.has(identity));
    const found = await owners.find(
      source,
      all.map(({ identity }) => identity),
    );
    const refused: RefusedRow[] = [];
    const owned: (Owned & { readonly companyId: string })[] = [];
    for (const [index, row] of all.entries()) {
      const owner = found[index] ?? { companyId: null, companyStatus: null, profileId: null };
      const refusal = refusalOf(row, owner);
      const { companyId, profileId } = owner;
      if (refusal === undefined && row.test !== undefined && companyId !== null && profileId !== null)
        owned.push({ ...row, companyId, test: { ...row.test, profileId } });
      else if (refusal !== undefined) refused.push({ identity: row.identity, raw: row.raw, companyId, ...refusal });
    }
    let counts = NOTHING;
    const companies = Map.groupBy(owned, ({ companyId }) => companyId);
    await inParallel(companies, LANES, async ([companyId, its]) => {
      const inside = systemScope(companyId, `ingest:${source}`, scope.traceId);
      for (let from = 0; from < its.length; from += CHUNK) {
        const taken = await takeOf(inside, its.slice(from, from + CHUNK), refused);
        counts = add(counts, taken);
      }
    });
    const bad = new Set(refused.map(({ identity }) => identity.externalId));
    const good = owned.map(({ identity }) => identity.externalId);
    const quarantined = await db.write(scope, async (tx) => {
      await quarantine.release(
        tx,
        source,
        good.filter((id) => !bad.has(id)),
      );
      return quarantine.keep(tx, source, refused);
    });
    const again = new Set(refused.filter(({ reason }) => reason === 'REFUSED').map(({ identity }) => identity));
    for (const { identity } of all) if (!again.has(identity)) seen.add(source, identity);
    for (const [outcome, count] of Object.entries({ ...counts, quarantined }))
      if (count > 0) observe?.(source, outcome as keyof Counts, count);
    return { ...counts, quarantined };
  };

  /** What this process has not settled yet, taken; the rest counts as known. */
  const takeUnseen = async (from: IngestSource, rows: readonly RawRow[], scope: Scope): Promise<Counts> => {
    const unseen = rows.filter((raw) => !seen.has(from.source, identityOf(raw)));
    const counts = await take(from, unseen, scope);
    return add(counts, { ...NOTHING, known: rows.length - unseen.length });
  };

  const readAll = async (from: IngestSource, scope: Scope, signal: AbortSignal): Promise<Counts> => {
    const { source, reader, overlap } = from;
    const window = new Date(now().getTime() - overlap.minutes * MINUTE);
    const progress = await db.read(scope, (tx) => progressOf(tx, source, window));
    let { position } = progress;
    let after = Math.max(0, Math.min(position - overlap.ids, progress.earlier ?? position));
    let counts = NOTHING;
    for (let more = true; more && !signal.aborted;) {
      const rows = await reader.readAfter(after, BATCH);
      const taken = await takeUnseen(from, rows, scope);
      after = Math.max(after, ...rows.map(({ id }) => Number(id)));
      position = Math.max(position, rows.length === 0 ? position : after);
      await db.write(scope, (tx) =>
        saveStep(tx, source, { position, read: rows.length, taken: taken.taken, quarantined: taken.quarantined }),
      );
      counts = add(counts, taken);
      more = rows.length === BATCH;
    }
    return counts;
  };

  const findLate = async (from: IngestSource, scope: Scope, signal: AbortSignal): Promise<Counts> => {
    const { source, reader, overlap } = from;
    const since = new Date(now().getTime() - overlap.reconcileHours * HOUR);
    const { position, earlier } = await db.read(scope, (tx) => progressOf(tx, source, since));
    let after = earlier ?? 0;
    let counts = NOTHING;
    while (after < position) {
      signal.throwIfAborted();
      const rows = (await reader.readAfter(after, BATCH)).filter(({ id }) => Number(id) <= position);
      if (rows.length === 0) break;
      counts = add(counts, await take(from, rows, scope));
      after = Math.max(...rows.map(({ id }) => Number(id)));
    }
    const late = counts.taken + counts.quarantined;
    if (late > 0)
      log.warn({ source, late }, 'rows of a source came later than its overlap: make overlap.minutes longer');
    await db.write(scope, (tx) => saveReconciliation(tx, source, late, since));
    return counts;
  };

  const fail = async (source: TestSource, scope: Scope, status: 'down' | 'mapping', error: string): Promise<void> => {
    const before = await db.read(scope, (tx) => progressOf(tx, source, now()));
    if (before.status !== status) log.warn({ source, status, error }, 'a source cannot be read');
    await db.write(scope, (tx) => saveFailure(tx, source, status, error));
  };

  const checked = new Set<TestSource>();
  const guarded = async (from: IngestSource, scope: Scope, read: () => Promise<Counts>): Promise<Counts> => {
    const { source, reader } = from;
    try {
      const missing = checked.has(source) ? [] : await reader.checkMapping();
      if (missing.length > 0) {
        await fail(source, scope, 'mapping', missing.join('; '));
        return NOTHING;
      }
      checked.add(source);
      return await read();
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error;
      await fail(source, scope, 'down', error.message);
      return NOTHING;
    }
  };
  return {
    take,
    run: (from, scope, signal) => guarded(from, scope, () => readAll(from, scope, signal)),
    reconcile: (from, scope, signal) => guarded(from, scope, () => findLate(from, scope, signal)),
    claim: async (from, scope) => {
      const ids = await owners.claimable(from.source, OWNER_REASONS, BATCH);
      if (ids.length === 0) return NOTHING;
      const waiting = await db.read(scope, (reader) => quarantine.read(reader, ids));
      return take(
        from,
        waiting.map(({ raw }) => raw),
        scope,
      );
    },
  };
};

import type pg from 'pg';
import type { Logger } from 'pino';
import type { Database } from '../db/database.ts';
import { systemScope } from '../db/scope.ts';
import type { Mover } from '../lifecycle/mover.ts';
import { Problem } from '../problem.ts';
import { startSpan } from '../telemetry/trace.ts';
import { createBackoff } from './backoff.ts';

/** The part of a mover that the sweeper needs, by the entity of its lifecycle. */
export type TimedMovers = ReadonlyMap<string, Pick<Mover<never>, 'fallDue'>>;

export interface SweeperDependencies {
  /** Pool of user `system`. */
  readonly system: pg.Pool;
  readonly db: Pick<Database, 'write'>;
  readonly movers: TimedMovers;
  readonly now: () => Date;
  readonly log: Pick<Logger, 'error'>;
  readonly cut: AbortSignal;
}

interface DueMove {
  readonly companyId: string;
  readonly entity: string;
  readonly entityId: string;
  readonly move: string;
  readonly dueAt: string;
}

interface Patience {
  readonly tries: number;
  readonly notBefore: number;
}

const PAGE = 100;
const PARALLEL = 4;
const DUE = `select company_id as "companyId", entity, entity_id as "entityId", move, due_at as "dueAt" from due_move
  where due_at <= $1 and (due_at, company_id, entity, entity_id, move) > ($2, $3, $4, $5, $6)
  order by due_at, company_id, entity, entity_id, move limit ${PAGE}`;
const FORGET = `delete from due_move where company_id = $1 and entity = $2 and entity_id = $3 and move = $4`;
const BEGINNING = { dueAt: '-infinity', companyId: '00000000-0000-0000-0000-000000000000', entity: '', move: '' };
const START: DueMove = { ...BEGINNING, entityId: BEGINNING.companyId };

/**
 * Makes the moves that fell due, each in its company as user `app`. A row that fails, or stays due, is left alone for a
 * growing time (2 s to 10 min) and holds up no other.
 */
export const createSweeper = ({ system, db, movers, now, log, cut }: SweeperDependencies) => {
  let patience = new Map<string, Patience>();
  const backoff = createBackoff({ base: 2_000, cap: 600_000 });

  const forget = (row: DueMove, scope: ReturnType<typeof systemScope>): Promise<unknown> =>
    db.write(scope, (tx) => tx.prepared(FORGET, [row.companyId, row.entity, row.entityId, row.move]));

  const move = async (row: DueMove): Promise<void> => {
    const mover = movers.get(row.entity);
    if (mover === undefined) throw new Error(`no lifecycle for ${row.entity}: register its mover`);
    const scope = systemScope(row.companyId, `${row.entity}.${row.move}`, startSpan().traceId);
    try {
      await mover.fallDue({ scope }, row.entityId, row.move);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) throw error;
      await forget(row, scope);
    }
  };

  const attempt = async (row: DueMove): Promise<void> => {
    try {
      await move(row);
    } catch (error) {
      const { companyId, entity, entityId, move: name } = row;
      log.error({ err: error, companyId, entity, entityId, move: name }, 'a timed move failed, it is tried again');
    }
  };

  const due = async (before: Date, { dueAt, companyId, entity, entityId, move: name }: DueMove): Promise<DueMove[]> => {
    const { rows } = await system.query<DueMove>({
      name: 'sweep_due',
      text: DUE,
      values: [before, dueAt, companyId, entity, entityId, name],
    });
    return rows;
  };

  const sweepPage = async (rows: readonly DueMove[], seen: Map<string, Patience>): Promise<number> => {
    const at = now().getTime();
    const ready = rows.filter((row) => {
      const key = JSON.stringify(Object.values(row));
      const before = patience.get(key) ?? { tries: 0, notBefore: 0 };
      const isReady = before.notBefore <= at;
      const tries = before.tries + 1;
      seen.set(key, isReady ? { tries, notBefore: at + backoff(tries) } : before);
      return isReady;
    });
    const left = ready.values();
    const one = async (): Promise<void> => {
      for (const row of left) if (!cut.aborted) await attempt(row);
    };
    await Promise.all(Array.from({ length: PARALLEL }, one));
    return ready.length;
  };

  return {
    /** Looks at all that is due, page by page. True when something was tried. */
    sweep: async (): Promise<boolean> => {
      const before = now();
      const seen = new Map<string, Patience>();
      let tried = 0;
      let last = START;
      for (;;) {
        const rows = await due(before, last);
        if (rows.length > 0) tried += await sweepPage(rows, seen);
        if (rows.length < PAGE || cut.aborted) break;
        last = rows.at(-1)!;
      }
      patience = seen;
      return tried > 0;
    },
  };
};

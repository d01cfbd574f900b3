import type { Static, TObject } from 'typebox';
import type { Decide } from '../access/decision.ts';
import type { ChangeNote } from '../change/recorder.ts';
import type { Tx } from '../db/database.ts';
import type { Repository } from '../db/repository.ts';
import type { UnitOfWork, Worker } from '../db/unit-of-work.ts';
import type { Context } from '../http/context.ts';
import type { Permission } from '../http/route.ts';
import { conflict, forbidden, Problem } from '../problem.ts';
import type { Lifecycle, Move, MoveContext, Stateful } from './lifecycle.ts';

/** What the caller may do next with one row, and why not the rest. */
export interface Action {
  readonly move: string;
  readonly allowed: boolean;
  /** `STATE`, `FORBIDDEN`, or the code of the guard that refuses. */
  readonly reason: string | null;
}

type Input = Static<TObject>;

/** How a caller stands to one row by a permission that reaches it. */
export interface Standing {
  /** The caller as they stand to this row. */
  readonly caller: Context;
  /** Why the row is not theirs to change all the same: the code of a problem. */
  readonly refusal?: string | undefined;
}

export interface Mover<Row> {
  readonly lifecycle: Lifecycle<Row>;
  /**
   * Moves a row for a caller: lock, version, state, guards, update, change row, effects: one transaction. `visible` throws
   * where the caller may not see the row, and may answer the caller as they stand to it.
   */
  move(
    context: Context,
    id: string,
    name: string,
    input: Input,
    version: number | undefined,
    visible?: (tx: Tx, row: Row) => Promise<Context | void>,
  ): Promise<Row>;
  /** Moves a row as the system does (a timer, another module), inside a transaction that runs. */
  moveAs(tx: Tx, worker: Worker, row: Row, name: string, input?: Input): Promise<Row>;
  /**
   * What a move of the system writes, for who moves many rows at once (`Bulk.updateMany`): only for moves that have neither
   * check nor effect, of an entity without timers. Throws 409 where the row may not be moved.
   */
  plan(tx: Tx, worker: Worker, row: Row, name: string, input: Input): { patch: Partial<Row>; note: ChangeNote };
  /** The caller by each permission of the moves that they hold, with how far it reaches. */
  callersOf(context: Context): ReadonlyMap<Permission, Context>;
  /** What a caller may do next who stands so to the row by each permission; one that is missing does not reach it. */
  actions(row: Row, now: Date, standings: ReadonlyMap<Permission, Standing>): Action[];
  /** Writes down when the system has to move this row; called after each write by those who write it otherwise. */
  schedule(tx: Tx, row: Row): Promise<void>;
  /** The timed move `name` of row `id` fell due: made when it still applies, forgotten when not. */
  fallDue(worker: Worker, id: string, name: string): Promise<void>;
}

export interface MoverDependencies {
  readonly work: UnitOfWork;
  readonly decide: Decide;
}

const refuse = <Row>(lifecycle: Lifecycle<Row>, row: Row, name: string): Problem => {
  const state = lifecycle.stateOf(row);
  return conflict('INVALID_TRANSITION', {
    params: { move: name, state },
    extra: { state, allowed: lifecycle.from(state) },
  });
};

/** Why `name` may not be made now; undefined when it may. */
const obstacle = <Row>(
  lifecycle: Lifecycle<Row>,
  name: string,
  row: Row,
  now: Date,
  caller?: Context,
): Problem | undefined => {
  const found = lifecycle.moves[name];
  if (found === undefined || !found.from.includes(lifecycle.stateOf(row))) return refuse(lifecycle, row, name);
  const reason = found.when?.(row, now, caller);
  return reason === undefined
    ? undefined
    : conflict(reason, {
        params: { move: name },
        extra: {
          state: lifecycle.stateOf(row),
          allowed: lifecycle.from(lifecycle.stateOf(row)).filter((other) => other !== name),
        },
      });
};

const REMEMBER = `with off as (delete from due_move where company_id = $1 and entity = $2 and entity_id = $3 and move = any($4))
  insert into due_move (company_id, entity, entity_id, move, due_at)
  select $1, $2, $3, n.move, n.due from jsonb_to_recordset($5) as n(move text, due timestamptz)
  on conflict (company_id, entity, entity_id, move) do update set due_at = excluded.due_at`;

/** The moves of one kind of row. See docs/adding-a-module.md. */
export const createMover = <Row extends Stateful>(
  lifecycle: Lifecycle<Row>,
  repository: Pick<Repository<Row>, 'lock' | 'update'>,
  { work, decide }: MoverDependencies,
): Mover<Row> => {
  const timed = Object.entries(lifecycle.moves).filter(([, { dueAt }]) => dueAt !== undefined);

  const schedule = async (tx: Tx, row: Row): Promise<void> => {
    if (timed.length === 0) return;
    const state = lifecycle.stateOf(row);
    const moves = timed.map(([move, { dueAt, from }]) => ({ move, due: from.includes(state) ? dueAt!(row) : null }));
    const [off, on] = [moves.filter(({ due }) => due === null), moves.filter(({ due }) => due !== null)];
    const names = off.map(({ move }) => move);
    await tx.prepared(REMEMBER, [tx.companyId, lifecycle.entity, row.id, names, JSON.stringify(on)]);
  };

  const allowed = (tx: Tx, row: Row, name: string, caller?: Context): Move<Row> => {
    const problem = obstacle(lifecycle, name, row, tx.now, caller);
    if (problem !== undefined) throw problem;
    return lifecycle.moves[name] as Move<Row>;
  };
  const written = (
    tx: Tx,
    name: string,
    found: Move<Row>,
    about: MoveContext<Row, Input>,
    looked: Partial<Row> = {},
  ) => {
    const patch = { ...looked, ...found.set?.(about, tx.now), [lifecycle.field]: found.to } as Partial<Row>;
    const { reason } = about.input as { reason?: unknown };
    const note = {
      action: name,
      ...(typeof reason === 'string' && { reason }),
      ...(found.audience && { audience: found.audience(about.row) }),
    };
    return { patch, note };
  };

  const perform = async (
    tx: Tx,
    row: Row,
    name: string,
    input: Input,
    worker: Worker,
    caller?: Context,
  ): Promise<Row> => {
    const found = allowed(tx, row, name, caller);
    const about = { row, input, worker, ...(caller && { caller }) };
    await found.check?.(tx, about);
    const looked = await found.find?.(tx, about);
    const { patch, note } = written(tx, name, found, about, looked);
    const after = await repository.update(tx, row, patch, note);
    await found.effect?.(tx, { ...about, row: after });
    await schedule(tx, after);
    await lifecycle.follow?.(tx, after, caller);
    return after;
  };

  const mayMove = (found: Move<Row> | undefined, caller: Context): boolean =>
    found?.permission !== undefined &&
    (found.permission === 'signed-in' || decide(caller.principal, found.permission).allowed);

  return {
    lifecycle,
    schedule,
    move: (context, id, name, input, version, visible) =>
      work.write(context, async (tx) => {
        const row = await repository.lock(tx, id);
        const caller = (await visible?.(tx, row)) ?? context;
        if (!mayMove(lifecycle.moves[name], context)) throw forbidden();
        if (version !== undefined && row.version !== version)
          throw new Problem(412, 'VERSION_MISMATCH', { extra: { version: row.version } });
        return perform(tx, row, name, input, context, caller);
      }),
    moveAs: (tx, worker, row, name, input = {}) => perform(tx, row, name, input, worker),
    plan: (tx, worker, row, name, input) => {
      const found = allowed(tx, row, name);
      const { check, find, effect } = found;
      if (check !== undefined || find !== undefined || effect !== undefined || timed.length > 0)
        throw new Error(`${lifecycle.entity}.${name} does more than write its row: move one by one`);
      return written(tx, name, found, { row, input, worker });
    },
    callersOf: (context) =>
      new Map(
        Object.values(lifecycle.moves).flatMap(({ permission }): [Permission, Context][] => {
          if (permission === undefined) return [];
          if (permission === 'signed-in') return [[permission, context]];
          const allowance = decide(context.principal, permission);
          return allowance.allowed ? [[permission, { ...context, allowance }]] : [];
        }),
      ),
    actions: (row, now, standings) =>
      Object.entries(lifecycle.moves).flatMap(([name, { from, permission }]) => {
        if (permission === undefined) return [];
        if (!from.includes(lifecycle.stateOf(row))) return { move: name, allowed: false, reason: 'STATE' };
        const standing = standings.get(permission);
        if (standing === undefined) return { move: name, allowed: false, reason: 'FORBIDDEN' };
        const reason = obstacle(lifecycle, name, row, now, standing.caller)?.code ?? standing.refusal ?? null;
        return { move: name, allowed: reason === null, reason };
      }),
    fallDue: (worker, id, name) =>
      work.write(worker, async (tx) => {
        const row = await repository.lock(tx, id);
        const due = lifecycle.moves[name]?.dueAt?.(row);
        const isDue = due !== undefined && due !== null && due.getTime() <= tx.now.getTime();
        if (isDue && obstacle(lifecycle, name, row, tx.now) === undefined) await perform(tx, row, name, {}, worker);
        else await schedule(tx, row);
      }),
  };
};

import type { TObject, TProperties, Static } from 'typebox';
import type { Tx } from '../db/database.ts';
import type { Context } from '../http/context.ts';
import type { Permission, RateClass } from '../http/route.ts';
import type { Worker } from '../db/unit-of-work.ts';
import type { AnyEntity } from '../schema/entity.ts';

export interface Stateful {
  readonly id: string;
  readonly version: number;
}

/** What a move's guards and effects are told. */
export interface MoveContext<Row, Input> {
  readonly row: Row;
  readonly input: Input;
  /** The request that asks, or the scope of the sweeper. */
  readonly worker: Worker;
  /** The caller; absent when the system moves. */
  readonly caller?: Context;
}

/** One named move of a lifecycle. A pair that no move lists is refused. */
export interface Move<Row, Input extends TObject = TObject> {
  readonly from: readonly string[];
  /** The state it leads to; a function where the facts decide. */
  readonly to: string;
  /** Absent: only the system moves. */
  readonly permission?: Permission;
  /** The system (timers, other modules) may move too. */
  readonly system?: boolean;
  /** The rate class of its route. */
  readonly rate?: RateClass;
  /** Fields that the move needs; the body of its route. */
  readonly fields?: Input;
  readonly summary: string;
  /** Pure, over the row alone: a code why not, so that a list can ask it for fifty rows. */
  readonly when?: (row: Row, now: Date, caller?: Context) => string | undefined;
  /** Under the lock, inside the transaction; throws a problem when it may not be. */
  readonly check?: (tx: Tx, context: MoveContext<Row, Static<Input>>) => Promise<void>;
  /** Under the lock, inside the transaction: what the move writes into the row that has to be looked up; throws as `check` does. */
  readonly find?: (tx: Tx, context: MoveContext<Row, Static<Input>>) => Promise<Partial<Row>>;
  /** What else the move writes into the row. */
  readonly set?: (context: MoveContext<Row, Static<Input>>, now: Date) => Partial<Row>;
  /** What else happens in the same transaction, with the row as it is after the move. */
  readonly effect?: (tx: Tx, context: MoveContext<Row, Static<Input>>) => Promise<void>;
  /** When the system shall make this move by itself; asked after every write of the row. Null: never. */
  readonly dueAt?: (row: Row) => Date | null;
  /** Profiles whose stream is told of the move. */
  readonly audience?: (row: Row) => readonly string[];
}

interface LifecycleDefinition<Row> {
  readonly entity: AnyEntity;
  /** The row's field that holds the state, one of a closed set. Default `status`. */
  readonly field?: keyof Row & string;
  /** The state of a new row. */
  readonly initial: string;
  readonly moves: Readonly<Record<string, Move<Row>>>;
}

export interface Lifecycle<Row> {
  /** The entity's table. */
  readonly entity: string;
  /** The field that holds the state. */
  readonly field: string;
  readonly states: readonly string[];
  readonly initial: string;
  readonly moves: Readonly<Record<string, Move<Row>>>;
  /** What follows every move elsewhere, in its transaction; wiring adds it. */
  readonly follow?: (tx: Tx, row: Row, caller?: Context) => Promise<void>;
  stateOf(row: Row): string;
  /** Names of the moves that lead on from a state. */
  from(state: string): string[];
}

/** What the registry needs to know of any lifecycle. */
export interface AnyLifecycle {
  readonly entity: string;
  readonly states: readonly string[];
  readonly initial: string;
  readonly moves: Readonly<
    Record<string, Pick<Move<never>, 'from' | 'to' | 'permission' | 'fields' | 'summary' | 'rate'>>
  >;
}

/** Types the fields of a move from its schema. */
export const move = <Row, F extends TProperties = {}>(definition: Move<Row, TObject<F>>): Move<Row> => definition;

/** Declares a lifecycle; refuses a field that has no closed set of states, and moves that name unknown ones. */
export const lifecycle = <Row>(definition: LifecycleDefinition<Row>): Lifecycle<Row> => {
  const { entity, moves, initial, field = 'status' as keyof Row & string } = definition;
  const { table, fields } = entity;
  const closed: { readonly enum?: readonly string[] } | undefined = fields[field];
  const states = closed?.enum;
  if (states === undefined) throw new Error(`${table}: ${field} is no field of oneOf([…])`);
  const named = Object.values(moves).flatMap(({ from, to }) => [...from, to]);
  for (const state of [initial, ...named]) if (!states.includes(state)) throw new Error(`${table}: no state ${state}`);
  return {
    entity: table,
    field,
    states,
    initial,
    moves,
    stateOf: (row) => String(row[field]),
    from: (state) => Object.keys(moves).filter((name) => moves[name]!.from.includes(state)),
  };
};

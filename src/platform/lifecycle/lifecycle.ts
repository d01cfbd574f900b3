import type { TObject, TProperties, Static } from 'typebox';
import type { Tx } from '../db/database.ts';
import type { Context } from '../http/context.ts';
import type { Permission } from '../http/route.ts';
import type { Worker } from '../db/unit-of-work.ts';

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
  /** Fields that the move needs; the body of its route. */
  readonly fields?: Input;
  readonly summary: string;
  /** Pure, over the row alone: a code why not, so that a list can ask it for fifty rows. */
  readonly when?: (row: Row, now: Date, caller?: Context) => string | undefined;
  /** Under the lock, inside the transaction; throws a problem when it may not be. */
  readonly check?: (tx: Tx, context: MoveContext<Row, Static<Input>>) => Promise<void>;
  /** What else the move writes into the row. */
  readonly set?: (context: MoveContext<Row, Static<Input>>, now: Date) => Partial<Row>;
  /** What else happens in the same transaction, with the row as it is after the move. */
  readonly effect?: (tx: Tx, context: MoveContext<Row, Static<Input>>) => Promise<void>;
  /** When the system shall make this move by itself; asked after every write of the row. Null: never. */
  readonly dueAt?: (row: Row) => Date | null;
  /** Profiles whose stream is told of the move. */
  readonly audience?: (row: Row) => readonly string[];
}

export interface LifecycleDefinition<Row> {
  /** The entity's table. */
  readonly entity: string;
  /** The row's field that holds the state. */
  readonly field: keyof Row & string;
  readonly states: readonly string[];
  readonly initial: string;
  readonly moves: Readonly<Record<string, Move<Row>>>;
}

export interface Lifecycle<Row> extends LifecycleDefinition<Row> {
  stateOf(row: Row): string;
  /** Names of the moves that lead on from a state. */
  from(state: string): string[];
}

/** What the registry needs to know of any lifecycle. */
export interface AnyLifecycle {
  readonly entity: string;
  readonly states: readonly string[];
  readonly initial: string;
  readonly moves: Readonly<Record<string, Pick<Move<never>, 'from' | 'to' | 'permission' | 'fields' | 'summary'>>>;
}

/** Types the fields of a move from its schema. */
export const move = <Row, F extends TProperties = {}>(definition: Move<Row, TObject<F>>): Move<Row> => definition;

/** Declares a lifecycle; refuses moves that name unknown states. */
export const lifecycle = <Row>(definition: LifecycleDefinition<Row>): Lifecycle<Row> => {
  const { states, moves, initial, entity, field } = definition;
  const named = Object.values(moves).flatMap(({ from, to }) => [...from, to]);
  for (const state of [initial, ...named]) if (!states.includes(state)) throw new Error(`${entity}: no state ${state}`);
  return {
    ...definition,
    stateOf: (row) => String(row[field]),
    from: (state) => Object.keys(moves).filter((name) => moves[name]!.from.includes(state)),
  };
};

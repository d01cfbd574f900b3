import type pg from 'pg';
import { databaseError } from './errors.ts';

/** Runs a statement as user `system`, kept prepared under `name`; without one planned each time, by how large tables are by then. */
export type SystemQuery = <Row extends pg.QueryResultRow>(
  name: string | undefined,
  text: string,
  values: readonly unknown[],
) => Promise<Row[]>;

/** Statements over `pool`, of user `system`; `area` keeps their names apart from those of others on the same connections. */
export const createSystemQuery =
  (pool: pg.Pool, area: string): SystemQuery =>
  async <Row extends pg.QueryResultRow>(name: string | undefined, text: string, values: readonly unknown[]) => {
    try {
      const kept = name === undefined ? {} : { name: `${area}.${name}` };
      return (await pool.query<Row>({ ...kept, text, values: [...values] })).rows;
    } catch (error) {
      throw databaseError(error);
    }
  };

import type pg from 'pg';
import { planDemo } from './plan.ts';
import type { DemoPlan } from './plan.ts';

/** Raised when the demo's data becomes another: what an older release loaded is refused, not mended. */
export const DEMO_VERSION = 4;
/** The row of `seed_set` that tells when the demo was loaded: everything about it follows from that instant. */
const SET = 'demo';
/** The mark of a load that has begun and is not over. */
export const LOADING = 0;

interface Mark {
  readonly version: number;
  readonly at: Date;
}

const readMark = async (system: pg.Pool): Promise<Mark | undefined> => {
  const { rows } = await system.query<{ version: number; applied_at: string }>(
    'select version, applied_at from seed_set where name = $1',
    [SET],
  );
  return rows[0] && { version: rows[0].version, at: new Date(rows[0].applied_at) };
};

/** Writes when the demo was loaded, and by which version. */
export const writeMark = async (system: pg.Pool, { version, at }: Mark): Promise<void> => {
  await system.query(
    `insert into seed_set (name, version, applied_at) values ($1, $2, $3)
     on conflict (name) do update set version = excluded.version, applied_at = excluded.applied_at`,
    [SET, version, at],
  );
};

export interface LoadedDemo {
  readonly plan: DemoPlan;
  /** False while it is loaded, and after a load that was interrupted. */
  readonly isWhole: boolean;
}

/** The demo that this database holds; undefined when it holds none. `system` is a pool of user `system`. */
export const loadedDemo = async (system: pg.Pool): Promise<LoadedDemo | undefined> => {
  const mark = await readMark(system);
  if (mark === undefined) return undefined;
  const plan = planDemo(mark.at);
  const { rows } = await system.query('select 1 from company where id = $1', [plan.companies[0]!.id]);
  if (rows.length === 0) return undefined;
  if (mark.version > LOADING && mark.version !== DEMO_VERSION)
    throw new Error('The demo data here is that of another release: begin anew with "npm run demo -- --fresh".');
  return { plan, isWhole: mark.version === DEMO_VERSION };
};

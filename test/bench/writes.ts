import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { Project } from '../../src/modules/workforce/projects/projects.repository.ts';
import { createChangeRecorder } from '../../src/platform/change/recorder.ts';
import type { ChangeRecorder } from '../../src/platform/change/recorder.ts';
import { createVault } from '../../src/platform/change/vault.ts';
import { createSealer } from '../../src/platform/change/sealer.ts';
import type { Tx } from '../../src/platform/db/database.ts';
import { createRepository } from '../../src/platform/db/repository.ts';
import { failLoudly } from '../support/background.ts';
import { randomRing, scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import type { Place } from './place.ts';
import { against, interleave, rate, timed } from './measure.ts';
import type { Row } from './measure.ts';

const WRITERS = 16;
const WRITES = 24;
/** Every so many units of work of a writer change a row that all of them change. */
const COMMON = 8;

const nothing = () => Promise.resolve();
const OFF: ChangeRecorder = { record: nothing, records: nothing, event: nothing, events: nothing, creations: nothing };

/** Units of work of sixteen writers on one company while its changes are sealed, with the change log and without. */
export const writes = async ({ database, client, companyId, rounds }: Place): Promise<Row[]> => {
  const open = openDatabase(database);
  const db = open.open({ observed: false, max: WRITERS });
  const now = () => new Date();
  const sealer = createSealer({ system: open.pool('system', 2), keyRing: randomRing(), now, onError: failLoudly });
  try {
    const scope = scopeOf(companyId);
    sealer.start();
    const deadlocks = async () =>
      (
        await client.query<{ n: number }>(
          'select deadlocks::int as n from pg_stat_database where datname = current_database()',
        )
      ).rows[0]!.n;
    const before = await deadlocks();
    const written = async (): Promise<number> =>
      (await client.query<{ n: number }>('select count(*)::int as n from change where company_id = $1', [companyId]))
        .rows[0]!.n;
    const perSecond = async (changes: ChangeRecorder): Promise<number> => {
      const had = await written();
      const projects = createRepository(Project, db, changes);
      const add = (tx: Tx) => projects.insert(tx, { code: uuidv7(), name: 'Expansion', status: 'planning' } as never);
      const common = await db.write(scope, add);
      const one = async (_writer: unknown, writer: number): Promise<void> => {
        for (let n = 0; n < WRITES; n += 1)
          await db.write(scope, async (tx) => {
            const row = n % COMMON === 0 ? await projects.lock(tx, common.id) : await add(tx);
            await projects.update(tx, row, { name: `Expansion of the pit, ${writer} ${n}` });
          });
      };
      const took = await timed(() => Promise.all(Array.from({ length: WRITERS }).map(one)));
      // The common row, and of each unit of work the change of a row, or its creation and its change.
      const changesOfAll = 1 + WRITERS * (2 * WRITES - Math.ceil(WRITES / COMMON));
      expect((await written()) - had, 'change rows').to.equal(changes === OFF ? 0 : changesOfAll);
      return (WRITERS * WRITES * 1000) / took;
    };
    const logged = createChangeRecorder(createVault(randomRing()));
    const [own, off] = await interleave([() => perSecond(logged), () => perSecond(OFF)], Math.max(rounds, 5));
    const row = rate(
      {
        work: `16 writers on one company, ${(await deadlocks()) - before} deadlocks`,
        baseline: against('change log off', off!, '/s'),
        unit: 'units of work/s',
      },
      own!,
      off!,
      0.6,
    );
    return [{ ...row, ok: row.ok && (await deadlocks()) === before }];
  } finally {
    await sealer.stop();
    await db.close();
  }
};

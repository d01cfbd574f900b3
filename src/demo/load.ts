import type pg from 'pg';
import type { CompanyVault } from '../platform/change/company-vault.ts';
import type { Database } from '../platform/db/database.ts';
import { idFloor } from '../platform/db/ids.ts';
import { inCompany } from '../platform/db/in-company.ts';
import { OPERATOR_COMPANY, systemScope } from '../platform/db/scope.ts';
import { loadOperator, loadPeople, loadPlaces } from './load-people.ts';
import type { PeopleLoader } from './load-people.ts';
import { loadHistory, NOTHING } from './load-history.ts';
import type { HistoryMade } from './load-history.ts';
import { loadCredentials } from './load-credentials.ts';
import { loadFeatures } from './load-features.ts';
import { loadDevices, loadRiskGroups, loadShifts, loadWork } from './load-work.ts';
import { DEMO_VERSION, loadedDemo, LOADING, writeMark } from './mark.ts';
import { DEMO_DAYS, planDemo } from './plan.ts';
import type { DemoCompany, DemoPlan } from './plan.ts';
import { createRandom } from './random.ts';
import { handToSealer } from './trail.ts';
import type { Random } from './random.ts';
import { planWork } from './work.ts';
import type { DemoWork } from './work.ts';

export interface DemoLoader extends PeopleLoader {
  /** Long statements allowed. */
  readonly db: Database;
  readonly system: pg.Pool;
  readonly companyVault: Pick<CompanyVault, 'sealer'>;
  readonly now: () => Date;
  /** Makes room for rows of so many months back. */
  readonly makePartitions: (months: number) => Promise<void>;
  /** Tells PostgreSQL what the tables hold now, so that it plans for it. */
  readonly analyze: () => Promise<void>;
  /** Resolves once the trail that was handed over is sealed. */
  readonly sealed: () => Promise<void>;
  /** Says what a person at the console should know. */
  readonly say: (message: string) => void;
}

/** People whose history is one unit of work, and how many of those run side by side. */
const PEOPLE_AT_ONCE = 12;
const UNITS_AT_ONCE = 3;

const scopeOf = (companyId: string) => systemScope(companyId, 'demo', '0'.repeat(32));

interface Part {
  readonly company: DemoCompany;
  readonly work: DemoWork;
}

/** Companies, people and their work: all of it or nothing. */
const loadBase = ({ db, ...loader }: DemoLoader, plan: DemoPlan, parts: readonly Part[], random: Random) =>
  db.write(scopeOf(OPERATOR_COMPANY), async (tx) => {
    await loadOperator(tx, loader.contacts, plan);
    for (const { company, work } of parts)
      await inCompany(tx, scopeOf(company.id), async (inside) => {
        await loadPlaces(inside, company, plan.begin);
        await loadRiskGroups(inside, work, plan.begin);
        const groups = work.riskGroups.map(({ id }) => id);
        await loadPeople(inside, loader, company, groups, plan.begin);
        await loadWork(inside, plan, company, work);
        await loadFeatures(inside, company, plan);
        await loadDevices(inside, work, company, plan);
        await loadCredentials(inside, work, company, plan, random.fork(`${company.slug}/credentials`));
        await loader.companyVault.sealer(inside);
      });
  });

const HAS_SHIFTS = 'select 1 from shift where company_id = $1 and profile_id = $2 limit 1';

/**
 * The shifts and tests of a company's people, some people a unit of work: what a load that was interrupted has committed
 * is found by its shifts and left as it is.
 */
const historyOf = (
  { db, companyVault }: DemoLoader,
  plan: DemoPlan,
  { company, work }: Part,
  random: Random,
): (() => Promise<HistoryMade>)[] =>
  Array.from({ length: Math.ceil(work.assignments.length / PEOPLE_AT_ONCE) }, (_, unit) => () => {
    const some = work.assignments.slice(unit * PEOPLE_AT_ONCE, (unit + 1) * PEOPLE_AT_ONCE);
    return db.write(scopeOf(company.id), async (tx) => {
      const found = await tx.query(HAS_SHIFTS, [company.id, some[0]!.person.profileId]);
      if (found.length > 0) return NOTHING;
      const seal = await companyVault.sealer(tx);
      await loadShifts(tx, some, plan.loadedAt);
      return loadHistory(tx, some, { plan, company, work, seal, random });
    });
  });

const inParallel = async <T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> => {
  const queue = tasks.entries();
  const results: T[] = [];
  const work = async (): Promise<void> => {
    for (const [index, task] of queue) results[index] = await task();
  };
  await Promise.all(Array.from({ length: UNITS_AT_ONCE }, work));
  return results;
};

/**
 * Loads the demo data where it is not there yet; a load that was interrupted goes on where it ended. Answers the plan that
 * it follows.
 */
export const loadDemo = async (loader: DemoLoader, historyDays = DEMO_DAYS): Promise<DemoPlan> => {
  const { system, now, say, makePartitions, analyze, sealed } = loader;
  const known = await loadedDemo(system);
  if (known?.isWhole) return known.plan;
  const plan = known?.plan ?? planDemo(now());
  const people = plan.companies.reduce((sum, company) => sum + company.people.length, 0);
  say(`Loading three mining companies with ${people} people …`);
  await makePartitions(Math.ceil(historyDays / 28) + 1);
  await writeMark(system, { version: LOADING, at: plan.loadedAt });
  const random = createRandom('angelis/history');
  const parts = plan.companies.map((company) => ({ company, work: planWork(plan, company, historyDays) }));
  if (known === undefined) await loadBase(loader, plan, parts, random);
  // Every row of the history is held against what it refers to: PostgreSQL must know how to find that.
  await analyze();
  for (const part of parts) {
    const { name, slug, people: own } = part.company;
    const made = await inParallel(historyOf(loader, plan, part, random.fork(slug)));
    await loader.db.write(scopeOf(part.company.id), (tx) => handToSealer(tx, idFloor(plan.loadedAt)));
    const sum = (count: (one: HistoryMade) => number) =>
      made.reduce((total, one) => total + count(one), 0).toLocaleString('en');
    const counts = `${sum(({ shifts }) => shifts)} shifts, ${sum(({ tests }) => tests)} tests, ${sum(({ cases }) => cases)} cases`;
    const resumed = made.includes(NOTHING) ? ' added to what was there' : '';
    say(`  ${name}: ${own.length} people, ${counts}${resumed}`);
  }
  await analyze();
  await sealed();
  await writeMark(system, { version: DEMO_VERSION, at: plan.loadedAt });
  return plan;
};

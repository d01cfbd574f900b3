import type pg from 'pg';
import type { CompanyVault } from '../platform/change/company-vault.ts';
import type { Database } from '../platform/db/database.ts';
import { inCompany } from '../platform/db/in-company.ts';
import { OPERATOR_COMPANY, systemScope } from '../platform/db/scope.ts';
import { loadOperator, loadPeople, loadPlaces } from './load-people.ts';
import type { PeopleLoader } from './load-people.ts';
import { loadHistory } from './load-history.ts';
import { loadCredentials } from './load-credentials.ts';
import { loadDevices, loadRiskGroups, loadWork } from './load-work.ts';
import { DEMO_VERSION, loadedDemo, LOADING, writeMark } from './mark.ts';
import { DEMO_DAYS, planDemo } from './plan.ts';
import type { DemoPlan } from './plan.ts';
import { createRandom } from './random.ts';
import { planWork } from './work.ts';

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
  /** Says what a person at the console should know. */
  readonly say: (message: string) => void;
}

const load = async (loader: DemoLoader, plan: DemoPlan, historyDays: number): Promise<void> => {
  const { db, contacts, say } = loader;
  const scope = (companyId: string) => systemScope(companyId, 'demo', '0'.repeat(32));
  const random = createRandom('angelis/history');
  await db.write(scope(OPERATOR_COMPANY), async (tx) => {
    await loadOperator(tx, contacts, plan);
    for (const company of plan.companies)
      await inCompany(tx, scope(company.id), async (inside) => {
        const work = planWork(plan, company, historyDays);
        await loadPlaces(inside, company, plan.begin);
        await loadRiskGroups(inside, work, plan.begin);
        const groups = work.riskGroups.map(({ id }) => id);
        await loadPeople(inside, loader, company, groups, plan.begin);
        await loadWork(inside, plan, company, work);
        await loadDevices(inside, work, company, plan);
        await loadCredentials(inside, work, plan, random.fork(`${company.slug}/credentials`));
        const seal = await loader.companyVault.sealer(inside);
        const made = await loadHistory(inside, { plan, company, work, seal, random: random.fork(company.slug) });
        const [shifts, tests, cases] = [made.shifts, made.tests, made.cases].map((n) => n.toLocaleString('en'));
        say(`  ${company.name}: ${company.people.length} people, ${shifts} shifts, ${tests} tests, ${cases} cases`);
      });
  });
};

/**
 * Loads the demo data where it is not there yet: all of it or nothing, so that a load that was interrupted begins again.
 * Answers the plan that it follows.
 */
export const loadDemo = async (loader: DemoLoader, historyDays = DEMO_DAYS): Promise<DemoPlan> => {
  const { system, now, say, makePartitions, analyze } = loader;
  const known = await loadedDemo(system);
  if (known !== undefined) {
    await writeMark(system, { version: DEMO_VERSION, at: known.loadedAt });
    return known;
  }
  const at = now();
  const plan = planDemo(at);
  const people = plan.companies.reduce((sum, company) => sum + company.people.length, 0);
  say(`Loading three mining companies with ${people} people …`);
  await makePartitions(Math.ceil(historyDays / 28) + 1);
  await writeMark(system, { version: LOADING, at });
  await load(loader, plan, historyDays);
  await analyze();
  await writeMark(system, { version: DEMO_VERSION, at });
  return plan;
};

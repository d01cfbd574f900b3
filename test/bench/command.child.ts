// Cases decided by the program's own service, and the same statements written by hand on pg, round by round.
import { expect } from 'chai';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { caseList, FitnessCase, withAudience } from '../../src/modules/fitness/cases/cases.repository.ts';
import type { FitnessCaseRow } from '../../src/modules/fitness/cases/cases.repository.ts';
import { createDecisions } from '../../src/modules/fitness/decisions.ts';
import { createCases } from '../../src/modules/fitness/cases/cases.service.ts';
import * as recipients from '../../src/modules/fitness/recipients.reads.ts';
import { towardRow, visibleProfiles } from '../../src/modules/organization/reach.ts';
import type { Context } from '../../src/platform/http/context.ts';
import type { Mover } from '../../src/platform/lifecycle/mover.ts';
import { startApp } from '../support/app.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import { done } from './child.ts';
import { decideByHand } from './decide-by-hand.ts';
import { interleave, timed } from './measure.ts';

const { BENCH_DATABASE, BENCH_COMPANY, BENCH_ROUNDS } = process.env as Record<string, string>;
const CASES = 100;
const DECISION = {
  decision: 'cleared',
  assessment: { sleepHistory: 'slept seven hours', observation: 'awake and steady' },
  note: 'fit after rest',
};

const database = openDatabase(BENCH_DATABASE!);
const companyId = BENCH_COMPANY!;
const app = await startApp({ database, observed: false, checkResponses: false });
const root = await database.superuser();
const safety = await addPerson(app, { companyId, roles: ['safety_admin'] });

/** Cases that somebody took on, each with its hold, of people who report to nobody. */
const openCases = async (): Promise<string[]> => {
  const { rows } = await root.query<{ id: string }>(
    `select id from bench_profile where company_id = $1
       and id not in (select profile_id from fitness_case where company_id = $1) order by random() limit $2`,
    [companyId, CASES],
  );
  const ids = rows.map(() => uuidv7());
  await root.query(
    `insert into fitness_case (company_id, id, profile_id, trigger, level, status, high_risk, opened_at, acknowledged_by, acknowledged_at,
       terms, lapse_at, trigger_result_id, created_at, updated_at)
     select $1, n.id, n.profile, 'result', 'orange', 'acknowledged', false, now(), $4, now(),
       '{"restMinutes": 20, "napMinutes": 30, "retestWithinMinutes": 30, "maximumRetests": 1, "redDecidedBySupervisor": false,
         "managerMinutes": 10, "safetyAdminMinutes": 20, "reopenedHours": 12}', now() + interval '8 hours', n.id, now(), now()
     from unnest($2::uuid[], $3::uuid[]) n(id, profile)`,
    [companyId, ids, rows.map(({ id }) => id), safety.profileId],
  );
  await root.query(
    `insert into hold (company_id, id, profile_id, kind, case_id, level, starts_at, created_at, updated_at)
     select $1, c.id, c.profile_id, 'hold', c.id, 'orange', now(), now(), now() from fitness_case c where c.company_id = $1 and c.id = any($2)`,
    [companyId, ids],
  );
  return ids;
};

const platform = app.platform;
const service = createCases({
  ...platform,
  repository: withAudience(platform.repository(FitnessCase), recipients),
  list: platform.list(caseList),
  mover: platform.movers.get('fitness_case') as unknown as Mover<FitnessCaseRow>,
  decisions: createDecisions(platform),
  visible: visibleProfiles,
  toward: towardRow,
});
const scope = scopeOf(companyId, safety.profileId);
const context = (): Context =>
  ({
    scope,
    traceId: scope.traceId,
    allowance: { reach: 'company', scopes: [] },
    principal: {
      profileId: safety.profileId,
      roles: ['safety_admin'],
      grants: [{ permission: 'fitness:*:*', effect: 'grant', reach: 'company', role: 'safety_admin' }],
    },
  }) as unknown as Context;

const pool = new pg.Pool({ connectionString: database.url('app'), max: 4 });
const vault = { sealed: (text: string) => Buffer.from(text).toString('base64') };

/** What a decision leaves: how many of each, and the state of the case and its hold. */
const leftBy = async (id: string) => {
  const { rows } = await root.query<Record<string, unknown>>(
    `select c.status, c.decision, c.version, h.ended_because, h.version as hold_version,
       (select count(*)::int from change n where n.company_id = $1 and n.entity_id in (c.id, h.id)) as changes,
       (select count(*)::int from change_pending p join change n on n.id = p.change_id and n.company_id = $1 where p.company_id = $1 and n.entity_id in (c.id, h.id)) as pending,
       (select count(*)::int from change_recipient p join change n on n.id = p.change_id and n.company_id = $1 where p.company_id = $1 and n.entity_id in (c.id, h.id)) as told,
       (select json_agg(d.move order by d.move) from due_move d where d.company_id = $1 and d.entity_id = c.id) as due
     from fitness_case c join hold h on h.company_id = $1 and h.case_id = c.id where c.company_id = $1 and c.id = $2`,
    [companyId, id],
  );
  return rows[0];
};

await done(async () => {
  const ours = (id: string) => service.move(context(), id, 'decide', DECISION, 1);
  const hand = (id: string) => decideByHand(pool, { companyId, id, by: safety.profileId, seal: vault.sealed });
  const [one, other] = (await openCases()) as [string, string];
  await ours(one);
  await hand(other);
  expect(await leftBy(one)).to.deep.equal(await leftBy(other));
  expect((await leftBy(one))!['changes']).to.equal(2);
  const run = (decide: (id: string) => Promise<unknown>) => async (): Promise<number> => {
    const left = (await openCases()).values();
    const lane = async (): Promise<void> => {
      for (const id of left) await decide(id);
    };
    return (CASES * 1_000) / (await timed(() => Promise.all([lane(), lane(), lane(), lane()])));
  };
  const [own, theirs] = await interleave([run(ours), run(hand)], Number(BENCH_ROUNDS));
  return { ours: own!, hand: theirs! };
});

import { expect } from 'chai';
import type { DemoAccount } from '../../../src/demo/accounts.ts';
import { startShift } from '../../../src/demo/workers.ts';
import { SIMULATED_KINDS } from '../../../src/modules/fitness/sources/simulate.ts';
import type { SimulatedKind } from '../../../src/modules/fitness/sources/simulate.ts';
import { createDemoPlace } from '../../support/demo.ts';
import type { DemoPlace, RunningDemo } from '../../support/demo.ts';
import { until } from '../../support/until.ts';

interface Result {
  readonly id: string;
  readonly level: string;
  readonly deviceState: string;
  readonly qualityFlags: readonly string[];
  readonly arrivalFlags: readonly string[];
}

interface Case {
  readonly level: string;
  readonly trigger: string;
  readonly triggerResultId: string;
  readonly arrivalFlags: readonly string[];
}

interface Report {
  readonly company: string;
  readonly ok: boolean;
  readonly checked: number;
  readonly faults: readonly { readonly kind: string; readonly changeId?: string; readonly detail: string }[];
}

/** Each as somebody runs it beside a running demo, and what comes of it as the API tells. */
describe('the commands beside the demo', function () {
  this.timeout(180_000);
  let place: DemoPlace;
  let demo: RunningDemo;
  let accounts: DemoAccount[];
  const token = (...args: readonly string[]) => place.angelis('token', '--as', ...args);

  before(async () => {
    place = await createDemoPlace();
    demo = await place.start(['--days', '3', '--quiet']);
    accounts = JSON.parse(await place.angelis('demo', 'accounts', '--json')) as DemoAccount[];
  });
  after(async () => {
    await demo.interrupt();
    await place.remove();
  });

  describe('angelis token', () => {
    it('prints one access token and nothing else', async () => {
      const { out, err } = await place.ending('token', '--as', 'auditor', '--company', 'andes');
      expect(err).to.equal('');
      expect(out).to.match(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
      const { roles, company } = await place.get<{ roles: string[]; company: { slug: string } }>('/auth/me', out);
      expect([roles, company.slug]).to.deep.equal([['auditor'], 'andes']);
    });

    for (const [args, code, says] of [
      [['--as', 'emperor'], 2, 'Allowed choices are superadmin'],
      [['--as', 'superadmin', '--company', 'andes'], 1, 'leave --company and --profile out'],
      [['--as', 'worker', '--profile', 'me'], 1, '--profile takes the id of a profile'],
      [['--as', 'worker', '--company', 'nowhere'], 1, 'Nobody is worker in company nowhere'],
    ] as const)
      it(`refuses ${args.join(' ')}, and says why`, async () => {
        const ending = await place.ending('token', ...args);
        expect(ending).to.include({ code, out: '' });
        expect(ending.err).to.include(says);
      });
  });

  describe('angelis access explain', () => {
    it('says what somebody may do as the API tells them, by their email', async () => {
      const { email } = accounts.find(({ company, roles }) => company === 'andes' && roles.includes('auditor'))!;
      const permission = 'fitness:result:read';
      const asked = ['access', 'explain', '--company', 'andes', '--person', email, '--permission', permission];
      const report = JSON.parse(await place.angelis(...asked, '--json')) as { permissions: object[] };
      const bearer = (await token('auditor', '--company', 'andes')).trim();
      const { items } = await place.get<{ items: object[] }>(`/auth/me/permissions?permission=${permission}`, bearer);
      expect(report.permissions).to.deep.equal(items);
      expect(await place.angelis(...asked)).to.include('grant of *:*:read by role auditor, company, assignment ');
      const unknown = await place.ending('access', 'explain', '--company', 'andes', '--person', 'nobody@example.com');
      expect(unknown).to.include({ code: 1, out: '' });
      expect(unknown.err).to.include('Nobody in company andes');
    });
  });

  describe('angelis demo accounts', () => {
    it('lists everybody as JSON, each with one sign-in of their own, save who works for two companies', () => {
      expect(accounts).to.have.length(403);
      const [shared, ...others] = accounts.filter(({ email }, index) => {
        return accounts.findIndex((one) => one.email === email) !== index;
      });
      expect(others).to.deep.equal([]);
      expect(accounts.filter(({ rut }) => rut === shared!.rut).map(({ company }) => company)).to.have.members([
        'cordillera',
        'andes',
      ]);
    });
  });

  describe('angelis simulate', () => {
    const subjects = new Map<SimulatedKind, string>();
    /** Who looks into the Fit2000. */
    let looking: string;
    let safety: string;
    let known: Map<string, ReadonlySet<string>>;

    const results = async (profileId: string) =>
      (await place.get<{ items: Result[] }>(`/fitness/results?profileId=${profileId}`, safety)).items;
    const casesOf = async (kind: SimulatedKind) =>
      (await place.get<{ items: Case[] }>(`/fitness/cases?profileId=${subjects.get(kind)!}&status=open`, safety)).items;
    /** The results that came since the command. */
    const fresh = async (kind: SimulatedKind): Promise<Result[]> => {
      const profile = subjects.get(kind)!;
      return (await results(profile)).filter(({ id }) => !known.get(profile)!.has(id));
    };

    before(async () => {
      safety = await token('safety_admin', '--company', 'andes');
      const { items } = await place.get<{ items: { profileId: string }[] }>(
        '/fitness/cases?status=open&limit=200',
        safety,
      );
      const held = new Set(items.map(({ profileId }) => profileId));
      const workers = accounts.filter(
        ({ role, company, profileId }) => role === 'worker' && company === 'andes' && !held.has(profileId!),
      );
      SIMULATED_KINDS.forEach((kind, index) => subjects.set(kind, workers[index]!.profileId!));
      looking = workers[SIMULATED_KINDS.length]!.profileId!;
      const everybody = [...subjects.values(), looking];
      const reading = everybody.map(
        async (id) => [id, new Set((await results(id)).map((result) => result.id))] as const,
      );
      known = new Map(await Promise.all(reading));
      const began = new Date().toISOString();
      const [ocular, ...said] = await Promise.all([
        place.angelis('simulate', '--source', 'fit2000', '--kind', 'yellow', '--profile', looking),
        ...SIMULATED_KINDS.map((kind) => place.angelis('simulate', '--kind', kind, '--profile', subjects.get(kind)!)),
      ]);
      expect(ocular).to.match(/^yellow test of .+ in Fit2000, row \d+/);
      said.forEach((line, index) => {
        expect(line).to.match(new RegExp(`^${SIMULATED_KINDS[index]} test of .+ in SaferApp, rows? \\d+`));
      });
      // What a row leads to is stored with it: once all are here, so are their cases.
      const ids = everybody.map((id) => `'${id}'`).join(', ');
      await until(async () => {
        const [row] = await place.sql<{ people: number; refused: number }>(
          `select (select count(distinct profile_id)::int from test_result
               where profile_id in (${ids}) and received_at >= '${began}') as people,
             (select count(*)::int from ingest_quarantine) as refused`,
        );
        return row!.people === everybody.length - 1 && row!.refused > 0;
      });
    });

    const quarantined = async () =>
      (
        await place.get<{ items: { personCode: string; companyCode: string; reason: string; status: string }[] }>(
          '/fitness/quarantine',
          safety,
        )
      ).items;

    for (const kind of ['green', 'yellow', 'orange', 'red'] as const)
      it(`--kind ${kind} is judged ${kind}, and ${kind === 'green' ? 'holds nobody' : 'what holds has its case'}`, async () => {
        const [result, ...others] = await fresh(kind);
        expect(others).to.deep.equal([]);
        expect(result).to.deep.include({ level: kind, deviceState: 'qualified', qualityFlags: [], arrivalFlags: [] });
        const cases = await casesOf(kind);
        // Yellow holds at high risk; on the ground one works on, restricted.
        const [{ highRisk }] = (await place.sql<{ highRisk: boolean }>(
          `select g.high_risk as "highRisk" from profile p join risk_group g on g.company_id = p.company_id
             and g.id = p.risk_group_id where p.id = '${subjects.get(kind)!}'`,
        )) as [{ highRisk: boolean }];
        const holds = kind === 'yellow' ? highRisk : kind !== 'green';
        const expected = holds ? [{ level: kind, trigger: 'result', triggerResultId: result!.id }] : [];
        expect(cases.map(({ level, trigger, triggerResultId }) => ({ level, trigger, triggerResultId }))).to.deep.equal(
          expected,
        );
      });

    it('--kind invalid counts for nothing', async () => {
      const [result, ...others] = await fresh('invalid');
      expect(others).to.deep.equal([]);
      expect(result).to.deep.include({ level: 'invalid', qualityFlags: ['ABORTED'] });
      expect(await casesOf('invalid')).to.deep.equal([]);
    });

    it('--kind duplicate is there once, though the source has it twice', async () => {
      expect(await fresh('duplicate')).to.have.length(1);
      const [{ n }] = (await place.sql<{ n: number }>(
        `select count(*)::int as n from test_result_key where profile_id = '${subjects.get('duplicate')!}' and is_duplicate`,
      )) as [{ n: number }];
      expect(n).to.equal(1);
    });

    it('--kind unknown waits in quarantine, with the reason', async () => {
      expect(await fresh('unknown')).to.deep.equal([]);
      const [row, ...others] = await quarantined();
      expect(others).to.deep.equal([]);
      expect(row).to.include({ companyCode: 'andes', reason: 'UNKNOWN_PERSON', status: 'waiting' });
      expect(row!.personCode).to.match(/^nobody-/);
    });

    for (const [kind, flag] of [
      ['late', 'LATE'],
      ['skewed', 'SKEWED'],
    ] as const)
      it(`--kind ${kind} is a red marked ${flag} that holds nevertheless`, async () => {
        const [result] = await fresh(kind);
        expect(result).to.deep.include({ level: 'red', arrivalFlags: [flag] });
        const [held] = await casesOf(kind);
        expect(held).to.deep.include({ level: 'red', triggerResultId: result!.id, arrivalFlags: [flag] });
      });

    it('--source fit2000 is a reading of the eyes on a device of its own', async () => {
      const [result, ...others] = (await results(looking)).filter(({ id }) => !known.get(looking)!.has(id));
      expect(others).to.deep.equal([]);
      expect(result).to.deep.include({ source: 'FIT2000', level: 'yellow', deviceState: 'qualified' });
    });

    it('refuses what it does not know', async () => {
      const alone = await place.ending('simulate', '--source', 'fit2000', '--kind', 'red', '--profile', looking);
      expect(alone).to.include({ code: 1, out: '' });
      expect(alone.err).to.include('alone it is at most yellow').and.include('simulate yellow in Fit2000');
      const kind = await place.ending('simulate', '--kind', 'purple', '--profile', subjects.get('green')!);
      expect(kind).to.include({ code: 2, out: '' });
      const nobody = await place.ending('simulate', '--kind', 'red', '--profile', 'me');
      expect(nobody.code).to.equal(1);
      expect(nobody.err).to.include('--profile takes the id of a profile');
      const { profileId } = accounts.find(({ role }) => role === 'auditor')!;
      const untested = await place.ending('simulate', '--kind', 'red', '--profile', profileId!);
      expect(untested.err).to.include('has no number in SaferApp');
    });
  });

  it('shows the auditor the trail of a case of the past, each move with who made it, before and after', async () => {
    const auditor = await token('auditor', '--company', 'cordillera');
    const safety = await token('safety_admin', '--company', 'cordillera');
    const { items: past } = await place.get<{ items: { id: string }[] }>(
      '/fitness/cases?status=returned&limit=1',
      safety,
    );
    const { items } = await place.get<{ items: { action: string; actor: { kind: string }; after: object }[] }>(
      `/admin/auditLog/history/fitness_case/${past[0]!.id}`,
      auditor,
    );
    const actions = items.map(({ action }) => action.replace('fitness_case.', ''));
    expect(actions[0]).to.equal('return');
    expect(actions.at(-1)).to.equal('open');
    expect(actions).to.include.members(['acknowledge', 'decide']);
    for (const { action, actor, after } of items) {
      expect(Object.keys(after)).to.not.have.length(0);
      if (/acknowledge|decide|return/.test(action)) expect(actor.kind).to.equal('profile');
    }
  });

  describe('angelis audit verify', () => {
    const verify = async (...args: readonly string[]) => {
      const { code, out, err } = await place.ending('audit', 'verify', '--json', ...args);
      return { code, err, reports: JSON.parse(out) as Report[] };
    };

    it('exits 0 on whole chains, of every company or of one', async () => {
      const { code, reports } = await verify();
      expect(code).to.equal(0);
      expect(reports.map(({ company }) => company)).to.have.members(['andes', 'atacama', 'cordillera', 'operator']);
      for (const { ok, faults } of reports) expect({ ok, faults }).to.deep.equal({ ok: true, faults: [] });
      const { reports: one } = await verify('--company', 'andes');
      expect(one.map(({ company }) => company)).to.deep.equal(['andes']);
      expect(one[0]!.checked).to.be.above(0);
    });

    it('exits 1 on a damaged chain, and names the row', async () => {
      const [{ id, action }] = (await place.sql<{ id: string; action: string }>(
        `select c.id, c.action from change c join company o on o.id = c.company_id where o.slug = 'andes'
         order by c.id limit 1`,
      )) as [{ id: string; action: string }];
      const write = (value: string) => place.sql(`update change set action = '${value}' where id = '${id}'`);
      await write('nothing.happened');
      const { code, err, reports } = await verify();
      await write(action);
      expect(code).to.equal(1);
      expect(err).to.include('the chain is not whole: andes');
      const faulty = reports.filter(({ ok }) => !ok);
      expect(faulty.map(({ company }) => company)).to.deep.equal(['andes']);
      expect(faulty[0]!.faults.map(({ kind, changeId }) => ({ kind, changeId }))).to.deep.equal([
        { kind: 'edited', changeId: id },
      ]);
      expect((await verify()).code).to.equal(0);
    });

    it('says so when there is no such company', async () => {
      const { code, err } = await place.ending('audit', 'verify', '--company', 'nowhere');
      expect(code).to.equal(1);
      expect(err).to.include('There is no company nowhere');
    });
  });

  it('lets simulated people start their shifts through the API: no test, no shift; after a green one they work', async () => {
    // A shift without tests yet, of somebody at high risk who is rested and not on leave, is brought to now, whatever turn begins or ends today.
    const [works] = await place.sql<{ id: string; profileId: string; keycloakId: string }>(
      `select distinct on (s.profile_id) s.id, s.profile_id as "profileId", p.keycloak_id as "keycloakId"
       from shift s join company c on c.id = s.company_id and c.slug = 'cordillera'
       join profile f on f.company_id = s.company_id and f.id = s.profile_id join person p on p.id = f.person_id
       join risk_group g on g.company_id = f.company_id and g.id = f.risk_group_id and g.high_risk
       where s.status = 'planned' and s.kind <> 'travel' and s.starts_at > now() + interval '26 hours'
         and not exists (select 1 from shift o where o.company_id = s.company_id and o.profile_id = s.profile_id
           and o.status <> 'cancelled' and o.starts_at < now() + interval '2 hours' and o.ends_at > now() - interval '26 hours')
         and not exists (select 1 from credential k where k.company_id = s.company_id and k.profile_id = s.profile_id
           and k.status = 'expired')
         and not exists (select 1 from leave l where l.company_id = s.company_id and l.profile_id = s.profile_id
           and l.starts_on <= current_date + 1 and l.ends_on >= current_date - 1)
       order by s.profile_id, s.starts_at limit 1`,
    );
    const { id, profileId } = works!;
    const starter = {
      url: `${place.url}/angelis`,
      tokenOf: async () => (await token('worker', '--profile', profileId)).trim(),
      now: () => new Date(),
    };
    const start = () => startShift(starter, works!, 'cordillera');
    /** What became of the shift, and why the gate blocked it. */
    const stored = async () =>
      (
        await place.sql<{ status: string; blocks: string[] }>(`select status, coalesce((select json_agg(r ->> 'code')
          from gate_decision d, jsonb_array_elements(d.reasons) r
          where d.shift_id = '${id}' and r ->> 'severity' = 'block'), '[]') as blocks from shift where id = '${id}'`)
      )[0];
    expect(await start()).to.equal('none');
    await place.sql(`update shift set status = 'cancelled', cancelled_because = 'manager' where profile_id = '${profileId}'
      and id <> '${id}' and status = 'planned' and starts_at < now() + interval '26 hours'`);
    await place.sql(`update shift set starts_at = now() + interval '9 minutes', ends_at = now() + interval '11 hours'
      where id = '${id}'`);
    expect(await start()).to.equal('refused');
    expect(await stored()).to.deep.equal({ status: 'planned', blocks: ['TEST_MISSING'] });
    await place.angelis('simulate', '--kind', 'green', '--profile', profileId);
    await until(async () => {
      const rows = await place.sql(`select 1 from requirement where shift_id = '${id}' and status = 'done_on_time'`);
      return rows.length > 0;
    });
    expect(await start()).to.equal('started');
    expect(await stored()).to.deep.equal({ status: 'started', blocks: ['TEST_MISSING'] });
  });

  it('angelis admin create is refused beside it: its issuer would not know them', async () => {
    const names = ['--first-name', 'Ana', '--last-name', 'Soto'];
    const { code, err } = await place.ending('admin', 'create', '--email', 'ana@example.com', ...names);
    expect(code).to.equal(1);
    expect(err).to.match(/Process \d+ runs on .*stop it first/);
  });
});

import { expect } from 'chai';
import type { Counts, IngestSource } from '../../../../src/modules/fitness/ingest/ingest.ts';
import { OCULAR_KINDS, simulatedReadings, simulatedRows } from '../../../../src/modules/fitness/sources/simulate.ts';
import type { OcularKind, SimulatedKind } from '../../../../src/modules/fitness/sources/simulate.ts';
import { createTestSources, fit2000Row, saferRow, trialsOf } from '../../../support/sources.ts';
import type { TestSources } from '../../../support/sources.ts';
import { createIngestHarness } from './harness.ts';
import type { Company, IngestHarness } from './harness.ts';

const MINUTE = 60_000;
const quiet = () => new AbortController().signal;

describe('ingest', () => {
  let h: IngestHarness;
  let sources: TestSources;
  let company: Company;
  before(async () => {
    h = await createIngestHarness();
  });
  after(() => h.close());
  beforeEach(async () => {
    sources = await createTestSources();
    company = await h.addCompany();
    await h.root.query('delete from ingest_cursor');
    h.clock.set(undefined);
    h.told.length = 0;
  });
  afterEach(() => sources.drop());

  const run = (source: IngestSource = sources.safer): Promise<Counts> => h.ingest.run(source, h.scope, quiet());
  const ago = (minutes: number): Date => new Date(h.clock.now().getTime() - minutes * MINUTE);
  const quarantined = async () =>
    (
      await h.root.query<{
        external_id: string;
        reason: string;
        status: string;
        tries: number;
        company_id: string | null;
      }>(
        `select external_id, reason, status, tries, company_id from ingest_quarantine
         where company_code = $1 or company_id = $2 order by external_id::bigint`,
        [company.slug, company.id],
      )
    ).rows;

  it('makes a result of each row, with its level, in the company and for the person its codes name', async () => {
    const ana = await h.addPerson(company, 'P-1');
    const other = await h.addCompany();
    const twin = await h.addPerson(other, 'P-1');
    await sources.feeder.safer([
      saferRow(company.slug, 'P-1', ago(2)),
      saferRow(other.slug.toUpperCase(), 'P-1', ago(1), { trials: trialsOf(800) }),
    ]);
    await sources.feeder.fit2000([fit2000Row(company.slug, 'P-1', ago(1))]);
    expect(await run()).to.deep.equal({ taken: 2, known: 0, quarantined: 0 });
    expect(await run(sources.fit2000)).to.deep.equal({ taken: 1, known: 0, quarantined: 0 });
    const [reaction, ocular] = await h.results(company);
    expect(reaction).to.include({ source: 'SAFER', level: 'green', action: 'may_work', profile_id: ana.profileId });
    expect(ocular).to.include({ source: 'FIT2000', level: 'green', profile_id: ana.profileId });
    const [red] = await h.results(other);
    expect(red).to.include({ level: 'red', action: 'hold', profile_id: twin.profileId, opens_case: true });
    expect(h.told.map(({ level, source }) => `${source} ${level}`)).to.have.members([
      'SAFER green',
      'SAFER red',
      'FIT2000 green',
    ]);
  });

  it('finds a company also by the code that was entered for the source, before its slug', async () => {
    await h.addPerson(company, 'P-1');
    const other = await h.addCompany('100');
    await h.addPerson(other, 'P-1');
    await h.root.query(
      `insert into source_company (id, source, code, company_id, created_at, updated_at) values ($1, 'SAFER', '100', $1, $2, $2)`,
      [company.id, ago(0)],
    );
    await sources.feeder.safer([saferRow('100', 'P-1', ago(1))]);
    await run();
    expect(await h.results(company)).to.have.length(1);
    expect(await h.results(other)).to.have.length(0);
  });

  it('keeps raw values sealed and bound to their row, and none of them in the change log', async () => {
    await h.addPerson(company, 'P-1');
    await sources.feeder.safer([
      saferRow(company.slug, 'P-1', ago(1), {
        trials: Array(60)
          .fill(null)
          .map((_, n) => 251 + n),
        kss: 2,
      }),
    ]);
    await run();
    const [row] = await h.results(company);
    expect(row!.metrics_sealed).not.to.contain('251');
    const open = await h.db.read({ ...h.scope, companyId: company.id }, (reader) => h.vault.opener(reader));
    const sealed = JSON.parse(open(`test_result.metrics:${row!.id}`, row!.metrics_sealed)) as {
      content: { trials: number[]; report: { kss: number } };
      rested: boolean;
    };
    expect(sealed.content.trials[0]).to.equal(251);
    expect(sealed.content.report.kss).to.equal(2);
    expect(sealed.rested).to.equal(true);
    const { rows } = await h.root.query<{ action: string; after: object; entity_id: string }>(
      'select action, after, entity_id from change where company_id = $1',
      [company.id],
    );
    expect(rows).to.have.length(1);
    expect(rows[0]).to.include({ action: 'test_result.create', entity_id: row!.id });
    expect(rows[0]!.after).to.include({ level: 'green', source: 'SAFER' });
    expect(JSON.stringify(rows[0]!.after)).not.to.match(/trials|251|kss/i);
  });

  it('is a no-op when the same rows are read again', async () => {
    await h.addPerson(company, 'P-1');
    await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(3)), saferRow(company.slug, 'P-1', ago(1))]);
    await run();
    const before = await h.results(company, true);
    expect(await run()).to.deep.equal({ taken: 0, known: 2, quarantined: 0 });
    expect(await h.results(company, true)).to.deep.equal(before);
    const { rows } = await h.root.query('select 1 from change where company_id = $1', [company.id]);
    expect(rows).to.have.length(2);
    expect(h.told).to.have.length(2);
  });

  it('takes the same content under another id as the same test', async () => {
    await h.addPerson(company, 'P-1');
    const row = saferRow(company.slug, 'P-1', ago(1));
    await sources.feeder.safer([row, row]);
    await run();
    await sources.feeder.safer([row]);
    await run();
    await run();
    expect(await h.results(company, true)).to.have.length(1);
    const { rows } = await h.root.query<{ is_duplicate: boolean }>(
      'select is_duplicate from test_result_key where company_id = $1 order by external_id::bigint',
      [company.id],
    );
    expect(rows.map(({ is_duplicate }) => is_duplicate)).to.deep.equal([false, true, true]);
  });

  it('writes other content under a known id as a correction and keeps the old row', async () => {
    await h.addPerson(company, 'P-1');
    const [id] = await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(2))]);
    await run();
    await sources.sql('safer', `update dbo."TestResults" set "Kss" = 8 where "Id" = $1`, [id]);
    expect(await run()).to.include({ taken: 1 });
    const [standing, ...none] = await h.results(company);
    expect(none).to.deep.equal([]);
    const all = await h.results(company, true);
    expect(all.map(({ level, superseding }) => [level, superseding])).to.deep.equal([
      ['green', null],
      ['yellow', 'correction'],
    ]);
    expect(standing!.supersedes).to.equal(all[0]!.id);
    expect(standing!.attempt).to.equal('first');
    expect(await run()).to.include({ taken: 0 });
  });

  it('finds rows with lower ids that commit late', async () => {
    await h.addPerson(company, 'P-1');
    await sources.feeder.safer([1, 2, 3].map((minutes) => saferRow(company.slug, 'P-1', ago(minutes))));
    await sources.sql('safer', `update dbo."TestResults" set "Id" = "Id" + 10 where "Id" > 1`);
    await run();
    expect(await h.results(company)).to.have.length(3);
    await sources.sql(
      'safer',
      `insert into dbo."TestResults" overriding system value select 5, "CompanyCode", "PersonCode", "TestCode", "DeviceSerial",
         "StartedAtUtc" - interval '1 hour', "FinishedAtUtc" - interval '1 hour', "Supervised", "Practice", "FalseStarts",
         "TrialsMs", "Flags", "Kss", "Sleep24h", "Sleep48h", "AwakeHours" from dbo."TestResults" where "Id" = 1`,
    );
    expect(await run()).to.include({ taken: 1, known: 3 });
    expect((await h.results(company)).map(({ external_id }) => external_id)).to.include('5');
  });

  it('puts what is no result into quarantine with its reason, and takes the rest of the batch', async () => {
    await h.addPerson(company, 'P-1');
    const good = () => saferRow(company.slug, 'P-1', ago(2));
    await sources.feeder.safer([
      good(),
      { ...good(), personCode: 'nobody' },
      { ...good(), companyCode: 'no-such-company' },
      { ...good(), trials: 'not json' },
      { ...good(), testCode: 'WHATEVER' },
      { ...good(), finishedAt: ago(30) },
      { ...good(), kss: 12 },
      { ...good(), startedAt: new Date(0), finishedAt: new Date(0) },
      good(),
    ]);
    expect(await run()).to.deep.equal({ taken: 2, known: 0, quarantined: 7 });
    expect((await quarantined()).map(({ external_id, reason }) => [external_id, reason])).to.deep.equal([
      ['2', 'UNKNOWN_PERSON'],
      ['4', 'TRIALS_NOT_JSON'],
      ['5', 'UNKNOWN_TEST'],
      ['6', 'TIME_ORDER'],
      ['7', 'VALUE_OUT_OF_RANGE'],
      ['8', 'TIME_MALFORMED'],
    ]);
    const { rows } = await h.root.query(
      `select reason, company_id from ingest_quarantine where company_code = 'no-such-company'`,
    );
    expect(rows).to.deep.equal([{ reason: 'UNKNOWN_COMPANY', company_id: null }]);
    expect(await run()).to.deep.equal({ taken: 0, known: 9, quarantined: 0 });
    expect((await quarantined()).every(({ tries }) => tries === 1)).to.equal(true);
  });

  it('isolates a row that cannot be written, and takes the others', async () => {
    const [ana, eva] = [await h.addPerson(company, 'P-1'), await h.addPerson(company, 'P-2')];
    const keep = h.outcome;
    h.outcome = (tx, results) =>
      results.some(({ profileId }) => profileId === eva.profileId)
        ? Promise.reject(new TypeError('cannot be'))
        : keep(tx, results);
    await sources.feeder.safer([
      ...[5, 4, 3].map((minutes) => saferRow(company.slug, 'P-1', ago(minutes))),
      saferRow(company.slug, 'P-2', ago(2)),
      saferRow(company.slug, 'P-1', ago(1)),
    ]);
    expect(await run()).to.deep.equal({ taken: 4, known: 0, quarantined: 1 });
    expect(await quarantined()).to.have.nested.property('[0].reason', 'REFUSED');
    expect((await h.results(company)).map(({ profile_id }) => profile_id)).to.deep.equal(Array(4).fill(ana.profileId));
    h.outcome = keep;
  });

  it('leaves a result with its person when its row names another now: that row waits for a human', async () => {
    const [ana] = [await h.addPerson(company, 'P-1'), await h.addPerson(company, 'P-2')];
    const [id] = await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(2), { trials: trialsOf(800) })]);
    await run();
    await sources.sql('safer', `update dbo."TestResults" set "PersonCode" = 'P-2' where "Id" = $1`, [id]);
    expect(await run()).to.include({ taken: 0, quarantined: 1 });
    expect(await quarantined()).to.have.nested.property('[0].reason', 'RESULT_OF_ANOTHER');
    expect((await h.results(company)).map(({ level, profile_id }) => [level, profile_id])).to.deep.equal([
      ['red', ana.profileId],
    ]);
  });

  it('takes what waited once its person is linked, whatever was read since', async () => {
    const [id] = await sources.feeder.safer([saferRow(company.slug, 'P-9', ago(1))]);
    await run();
    expect(await quarantined()).to.have.nested.property('[0].status', 'waiting');
    expect(await h.ingest.claim(sources.safer, h.scope)).to.include({ taken: 0 });
    const person = await h.addPerson(company, 'other-code', []);
    await h.link(company, person.profileId, 'SAFER', 'P-9');
    await sources.sql('safer', 'delete from dbo."TestResults"');
    expect(await h.ingest.claim(sources.safer, h.scope)).to.deep.equal({ taken: 1, known: 0, quarantined: 0 });
    expect((await h.results(company))[0]).to.include({ external_id: String(id), profile_id: person.profileId });
    expect(await quarantined()).to.have.nested.property('[0].status', 'released');
    expect(await h.ingest.claim(sources.safer, h.scope)).to.include({ taken: 0 });
  });

  it('releases a row whose fault was repaired at the source', async () => {
    await h.addPerson(company, 'P-1');
    const [id] = await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(1), { trials: '[' })]);
    await run();
    await sources.sql('safer', `update dbo."TestResults" set "TrialsMs" = $2 where "Id" = $1`, [
      id,
      JSON.stringify(trialsOf(280)),
    ]);
    expect(await run()).to.deep.equal({ taken: 1, known: 0, quarantined: 0 });
    expect(await quarantined()).to.have.nested.property('[0].status', 'released');
  });

  it('flags what comes late or from a clock that is ahead, and never loses it, nor forgets it for a green retake', async () => {
    await h.addPerson(company, 'P-1');
    await sources.feeder.safer([
      ...simulatedRows('late', { companyCode: company.slug, personCode: 'P-1', deviceSerial: null, at: ago(0) }),
      saferRow(company.slug, 'P-1', ago(4)),
      ...simulatedRows('skewed', { companyCode: company.slug, personCode: 'P-1', deviceSerial: null, at: ago(0) }),
    ]);
    await run();
    const rows = await h.results(company);
    expect(rows.map(({ level, arrival_flags }) => [level, ...arrival_flags])).to.deep.equal([
      ['red', 'LATE'],
      ['red'],
      ['red', 'SKEWED'],
    ]);
    expect(
      h.told
        .filter(({ level }) => level === 'red')
        .map(({ arrivalFlags, opensCase, escalates }) => [...arrivalFlags, opensCase, escalates]),
    ).to.deep.equal([
      ['LATE', true, true],
      [true, true],
      ['SKEWED', true, true],
    ]);
  });

  const LEVELS: [SimulatedKind, string[]][] = [
    ['green', ['green']],
    ['yellow', ['yellow']],
    ['orange', ['orange']],
    ['red', ['red']],
    ['invalid', ['invalid']],
    ['duplicate', ['green']],
    ['unknown', []],
    ['late', ['red']],
    ['skewed', ['red']],
  ];
  for (const [kind, levels] of LEVELS)
    it(`makes of a simulated ${kind} test ${levels[0] ?? 'no result'}`, async () => {
      await h.addPerson(company, 'P-1');
      const who = { companyCode: company.slug, personCode: 'P-1', deviceSerial: null, at: ago(0) };
      await sources.feeder.safer(simulatedRows(kind, who));
      await run();
      expect((await h.results(company)).map(({ level }) => level)).to.deep.equal(levels);
    });

  const OCULAR_LEVELS: Readonly<Record<OcularKind, readonly string[]>> = {
    green: ['green'],
    yellow: ['yellow'],
    invalid: ['invalid'],
    duplicate: ['green'],
    unknown: [],
    late: ['yellow LATE'],
    skewed: ['yellow SKEWED'],
  };
  for (const kind of OCULAR_KINDS)
    it(`makes of a simulated ${kind} reading ${OCULAR_LEVELS[kind][0] ?? 'no result'}`, async () => {
      await h.addPerson(company, 'P-1');
      const who = { companyCode: company.slug, personCode: 'P-1', deviceSerial: null, at: ago(0) };
      await sources.feeder.fit2000(simulatedReadings(kind, who));
      await run(sources.fit2000);
      const levels = (await h.results(company)).map(({ level, arrival_flags }) => [level, ...arrival_flags].join(' '));
      expect(levels).to.deep.equal(OCULAR_LEVELS[kind]);
    });

  it('makes red of a simulated yellow in each source', async () => {
    await h.addPerson(company, 'P-1');
    const who = { companyCode: company.slug, personCode: 'P-1', deviceSerial: null };
    await sources.feeder.safer(simulatedRows('yellow', { ...who, at: ago(1) }));
    await run();
    await sources.feeder.fit2000(simulatedReadings('yellow', { ...who, at: ago(0) }));
    await run(sources.fit2000);
    expect((await h.results(company)).map(({ level }) => level)).to.deep.equal(['yellow', 'red']);
  });

  it('notes a source that is down, leaves it alone for a while, and goes on where it was', async () => {
    await h.addPerson(company, 'P-1');
    await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(3))]);
    await run();
    await sources.sql('safer', 'alter table dbo."TestResults" rename to away');
    const status = async () =>
      (await h.root.query(`select status, position, error from ingest_cursor where source = 'SAFER'`)).rows[0] as {
        status: string;
        error: string | null;
      };
    for (let time = 0; time < 4; time += 1) expect(await run()).to.deep.equal({ taken: 0, known: 0, quarantined: 0 });
    expect(await status()).to.deep.include({ status: 'down', position: '1' });
    expect((await status()).error).to.equal('it failed several times in a row');
    await sources.sql('safer', 'alter table dbo.away rename to "TestResults"');
    await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(1))]);
    expect(await run()).to.include({ taken: 0 });
    expect(await status()).to.include({ status: 'down' });
  });

  it('says which columns of the mapping are not there, and reads nothing', async () => {
    const mapped = await createTestSources({ columns: { kss: 'Sleepiness', sleep24h: null } });
    await mapped.feeder.safer([saferRow(company.slug, 'P-1', ago(3))]);
    const fresh = await createIngestHarness();
    await fresh.ingest.run(mapped.safer, fresh.scope, quiet());
    const { rows } = await fresh.root.query(`select status, error, position from ingest_cursor`);
    expect(rows).to.deep.equal([
      { status: 'mapping', error: 'column Sleepiness (kss) is missing in dbo.TestResults', position: '0' },
    ]);
    await fresh.close();
    await mapped.drop();
  });

  it('reads further than one batch, and stops between batches when told', async () => {
    await h.addPerson(company, 'P-1');
    const rows = Array.from({ length: 1_100 }, (_, n) =>
      saferRow(company.slug, 'P-1', ago(2_000 + 40 * n), { practice: true }),
    );
    await sources.feeder.safer(rows);
    const stop = new AbortController();
    stop.abort();
    expect(await h.ingest.run(sources.safer, h.scope, stop.signal)).to.include({ taken: 0 });
    expect(await run()).to.include({ taken: 1_100 });
    expect(await h.results(company)).to.have.length(1_100);
  });

  it('loses nothing and doubles nothing when two processes read the same source at once', async () => {
    await h.addPerson(company, 'P-1');
    await h.addPerson(company, 'P-2');
    await sources.feeder.safer(
      Array.from({ length: 60 }, (_, n) => saferRow(company.slug, n % 2 === 0 ? 'P-1' : 'P-2', ago(60 - n))),
    );
    const counts = await Promise.all([run(), run(), run()]);
    expect(counts.reduce((sum, { taken }) => sum + taken, 0)).to.equal(60);
    expect(await h.results(company, true)).to.have.length(60);
    expect(await quarantined()).to.deep.equal([]);
  });
});

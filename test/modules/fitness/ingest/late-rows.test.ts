import { expect } from 'chai';
import type { Counts, IngestSource } from '../../../../src/modules/fitness/ingest/ingest.ts';
import { createTestSources, saferRow } from '../../../support/sources.ts';
import type { TestSources } from '../../../support/sources.ts';
import { createIngestHarness } from './harness.ts';
import type { Company, IngestHarness } from './harness.ts';

const MINUTE = 60_000;
const quiet = () => new AbortController().signal;

describe('rows that come late into a source', () => {
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
    await h.root.query('delete from ingest_mark');
    h.clock.set(undefined);
    h.told.length = 0;
  });
  afterEach(() => sources.drop());

  const run = (source: IngestSource = sources.safer): Promise<Counts> => h.ingest.run(source, h.scope, quiet());
  const ago = (minutes: number): Date => new Date(h.clock.now().getTime() - minutes * MINUTE);
  describe('finds a row far below the cursor', () => {
    const START = new Date('2026-03-01T12:00:00Z');
    const at = (minutes: number) => h.clock.set(new Date(START.getTime() + minutes * MINUTE));
    const late = (id: number) =>
      sources.sql(
        'safer',
        `insert into dbo."TestResults" overriding system value select $1::int, "CompanyCode", "PersonCode", "TestCode", "DeviceSerial",
           "StartedAtUtc" - interval '1 hour' * $1::int, "FinishedAtUtc" - interval '1 hour' * $1::int, "Supervised", "Practice",
           "FalseStarts", "TrialsMs", "Flags", "Kss", "Sleep24h", "Sleep48h", "AwakeHours" from dbo."TestResults" where "Id" = 1`,
        [id],
      );
    const cursor = async () =>
      (
        await h.root.query<{ rows_late: string; marks: number }>(
          `select rows_late, (select count(*)::int from ingest_mark) as marks from ingest_cursor where source = 'SAFER'`,
        )
      ).rows[0];

    beforeEach(async () => {
      await h.addPerson(company, 'P-1');
      at(0);
      await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(2))]);
      expect(await run()).to.include({ taken: 1 });
      await sources.sql('safer', `select setval('dbo."TestResults_Id_seq"', 5000)`);
      at(60);
      await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(2))]);
      expect(await run()).to.include({ taken: 1 });
    });

    it('that became visible within the minutes of the overlap after its id was given', async () => {
      at(89);
      await late(5);
      expect(await run()).to.include({ taken: 1 });
      expect(await run()).to.include({ taken: 0 });
    });

    it('that became visible later, by the nightly search, which counts it', async () => {
      at(61.5);
      await run();
      at(92);
      await late(5);
      expect(await run()).to.include({ taken: 0 });
      expect(await h.ingest.reconcile(sources.safer, h.scope, quiet())).to.deep.equal({
        taken: 1,
        known: 2,
        quarantined: 0,
      });
      expect(await cursor()).to.include({ rows_late: '1' });
      expect(await h.ingest.reconcile(sources.safer, h.scope, quiet())).to.include({ taken: 0, known: 3 });
      expect(await cursor()).to.include({ rows_late: '1' });
      expect((await h.results(company)).map(({ external_id }) => external_id)).to.have.members(['1', '5', '5001']);
    });

    it('by the nightly search no further back than its hours, for which it keeps the marks', async () => {
      expect(await cursor()).to.include({ marks: 2 });
      at(60 + 72 * 60);
      await late(5);
      expect(await h.ingest.reconcile(sources.safer, h.scope, quiet())).to.include({ taken: 0, known: 0 });
      expect(await cursor()).to.include({ marks: 1 });
      at(59 + 72 * 60);
      expect(await h.ingest.reconcile(sources.safer, h.scope, quiet())).to.include({ taken: 1, known: 2 });
    });
  });

  it('asks the database nothing of what it has settled, and again of what it forgot', async () => {
    await h.addPerson(company, 'P-1');
    await sources.feeder.safer([saferRow(company.slug, 'P-1', ago(3)), saferRow('nowhere', 'P-1', ago(2))]);
    expect(await run()).to.deep.equal({ taken: 1, known: 0, quarantined: 1 });
    await h.root.query(`delete from ingest_quarantine where company_code = 'nowhere'`);
    expect(await run()).to.deep.equal({ taken: 0, known: 2, quarantined: 0 });
    expect(await h.ingest.reconcile(sources.safer, h.scope, quiet())).to.include({ known: 1, quarantined: 1 });
    await h.root.query(`delete from ingest_quarantine where company_code = 'nowhere'`);
  });
});

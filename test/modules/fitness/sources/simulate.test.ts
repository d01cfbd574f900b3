import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { simulatedRows } from '../../../../src/modules/fitness/sources/simulate.ts';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import { createTestSources } from '../../../support/sources.ts';
import type { TestSources } from '../../../support/sources.ts';
import { createIngestHarness } from '../ingest/harness.ts';
import type { IngestHarness } from '../ingest/harness.ts';

/** Means and deviations, in 1/s, of the slowest and the fastest steady people. */
const BASELINES = [
  { mean: 3.4, sd: 0.1 },
  { mean: 5.1, sd: 0.1 },
];

describe('simulated tests of people who are judged by their own limits', () => {
  let h: IngestHarness;
  let sources: TestSources;
  before(async () => {
    h = await createIngestHarness();
    sources = await createTestSources();
  });
  after(async () => {
    await sources.drop();
    await h.close();
  });

  for (const kind of ['green', 'yellow', 'orange', 'red'] as const)
    it(`are ${kind} where that was asked for`, async () => {
      const company = await h.addCompany();
      const seal = await h.db.write(systemScope(company.id, 'test', '0'.repeat(32)), (tx) => h.vault.sealer(tx));
      for (const [index, { mean, sd }] of BASELINES.entries()) {
        const { profileId, code } = await h.addPerson(company, `P-${index}`);
        const id = uuidv7();
        const sealed = seal(`baseline.values:${id}`, JSON.stringify({ mean, sd, testIds: [] }));
        await h.root.query(
          `insert into baseline (company_id, id, profile_id, definition_code, revision, status, provisional, n, capped,
             values_sealed, created_at, updated_at) values ($1, $2, $3, 'PVT-B', 1, 'active', false, 10, false, $4, $5, $5)`,
          [company.id, id, profileId, sealed, h.clock.now()],
        );
        const at = new Date(h.clock.now().getTime() - 30_000);
        const who = { companyCode: company.slug, personCode: code, deviceSerial: null, at };
        await sources.feeder.safer(simulatedRows(kind, who));
      }
      await h.ingest.run(sources.safer, h.scope, new AbortController().signal);
      const results = await h.results(company);
      expect(results.map(({ level, baseline_version }) => [level, baseline_version])).to.deep.equal(
        BASELINES.map(() => [kind, 1]),
      );
    });
});

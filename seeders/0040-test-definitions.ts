import { TEST_DEFINITIONS } from '../src/modules/fitness/definitions/definitions.ts';
import type { SeedSet } from '../src/platform/db/seed.ts';

/** The test definitions as the code declares them; a version that was ever in use stays. */
const testDefinitions: SeedSet = {
  name: 'test-definitions',
  version: 1,
  run: async (client) => {
    await client.query('update test_definition set current = false');
    for (const { code, version, source, protocol, durationMs, metrics, tolerance } of TEST_DEFINITIONS) {
      await client.query(
        `insert into test_definition (code, version, source, protocol, duration_ms, metrics, bias_ms, sd_ms, current)
         values ($1, $2, $3, $4, $5, $6, $7, $8, true)
         on conflict (code, version) do update set source = excluded.source, protocol = excluded.protocol,
           duration_ms = excluded.duration_ms, metrics = excluded.metrics, bias_ms = excluded.bias_ms,
           sd_ms = excluded.sd_ms, current = true`,
        [code, version, source, protocol, durationMs, JSON.stringify(metrics), tolerance.biasMs, tolerance.sdMs],
      );
    }
  },
};

export default testDefinitions;

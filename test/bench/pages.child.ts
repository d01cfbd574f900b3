// Asks for a page at an even pace, in a process of its own: whoever hears thousands of events would look late at the answers.
import { expect } from 'chai';
import { report } from './child.ts';
import { percentile } from './measure.ts';
import { steadyLoad } from './steady.ts';

const { BENCH_PAGE, BENCH_BEARER } = process.env as Record<string, string>;
const PACE = { connections: 8, perSecond: 60, seconds: 1.5 };

report(
  { url: BENCH_PAGE! },
  {
    /** p95 of the page, from when it was due. */
    p95: async () => {
      const { latencies, failed } = await steadyLoad({ ...PACE, pages: [{ url: BENCH_PAGE!, bearer: BENCH_BEARER! }] });
      expect(failed, 'pages that failed').to.equal(0);
      return percentile(latencies, 0.95);
    },
  },
);

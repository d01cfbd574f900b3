import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { IngestSource } from '../../../../src/modules/fitness/ingest/ingest.ts';
import { openSource } from '../../../../src/modules/fitness/sources/connection.ts';
import { createSourceReader } from '../../../../src/modules/fitness/sources/reader.ts';
import { createIngestHarness } from '../ingest/harness.ts';
import type { IngestHarness } from '../ingest/harness.ts';
import type { SourceKind, SourcePlace } from './place.ts';

const ROWS = 1_200;
const CUTS = 12;

/** Reads a source whose connections end again and again while it is read: nothing is lost, nothing doubled. */
export const brokenIngestContract = (
  server: string,
  kind: SourceKind,
  open: (kind: SourceKind) => Promise<SourcePlace>,
) =>
  describe(`ingest of ${kind.source} on ${server} that breaks`, () => {
    let place: SourcePlace;
    let harness: IngestHarness;
    let from: IngestSource;
    before(async () => {
      place = await open(kind);
      harness = await createIngestHarness();
      const connection = openSource({ url: place.readUrl, timeout: 5_000, onError: () => undefined });
      const reader = createSourceReader(connection, place.mapping, { failures: 1_000 });
      from = { source: kind.source, reader, read: kind.read, overlap: place.mapping.overlap };
    });
    after(async () => {
      await from.reader.close();
      await harness.close();
      await place.close();
    });

    it('takes every row once, however often its connection was ended', async () => {
      const company = await harness.addCompany();
      await harness.addPerson(company, 'P-1', [kind.source]);
      const start = Date.now() - ROWS * 60_000;
      const rows = Array.from({ length: ROWS }, (_, n) =>
        kind.row(n + 1, company.slug, 'P-1', new Date(start + n * 60_000)),
      );
      await place.add(rows);
      const run = () => harness.ingest.run(from, harness.scope, new AbortController().signal);
      const before = await harness.ingest.run(from, harness.scope, AbortSignal.abort());
      expect(before.taken).to.equal(0);
      let failed = 0;
      for (let cuts = 0; cuts < CUTS; cuts += 1) {
        const release = await place.hold();
        const running = run();
        while ((await place.waiting()) === 0) await turn();
        // The first page is read whole in every third round; its rows commit while the second is cut.
        if (cuts % 3 === 0) {
          await release();
          while ((await harness.results(company, true)).length < Math.min(500, ROWS)) await turn();
          await place.cut();
        } else {
          await place.cut();
          await release();
        }
        await running;
        const { rows: cursor } = await harness.root.query<{ status: string }>(
          'select status from ingest_cursor where source = $1',
          [kind.source],
        );
        if (cursor[0]?.status === 'down') failed += 1;
      }
      await run();
      expect(failed).to.be.at.least(CUTS / 2);
      const { rows: found } = await harness.root.query<{ external_id: string }>(
        'select external_id from test_result where company_id = $1',
        [company.id],
      );
      const ids = found.map(({ external_id: id }) => Number(id)).toSorted((a, b) => a - b);
      expect(ids).to.deep.equal(rows.map((_, n) => n + 1));
    }).timeout(60_000);
  });

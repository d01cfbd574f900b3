import { expect } from 'chai';
import type { IngestSource } from '../../../../src/modules/fitness/ingest/ingest.ts';
import { openSource } from '../../../../src/modules/fitness/sources/connection.ts';
import { createSourceReader } from '../../../../src/modules/fitness/sources/reader.ts';
import { createCertificate, trust } from '../../../support/certificate.ts';
import { KINDS } from '../sources/place.ts';
import type { PlacedRow, SourcePlace } from '../sources/place.ts';
import { openTdsPlace } from '../sources/tds-place.ts';
import { createIngestHarness } from './harness.ts';
import type { IngestHarness } from './harness.ts';

/** SQL Server keeps in nvarchar what PostgreSQL keeps nowhere: NUL, and half a pair of surrogates. */
const BROKEN = ['P-\0', 'P-\ud800', '\udc00P-'];

describe('ingest of texts that are none', () => {
  const certificate = createCertificate();
  const kind = KINDS.SAFER;
  let distrust: () => void;
  let place: SourcePlace;
  let harness: IngestHarness;
  let from: IngestSource;
  before(async () => {
    distrust = trust(certificate);
    place = await openTdsPlace(kind, certificate);
    harness = await createIngestHarness();
    const connection = openSource({ url: place.readUrl, timeout: 5_000, onError: () => undefined });
    const reader = createSourceReader(connection, place.mapping);
    from = { source: kind.source, reader, read: kind.read, overlap: place.mapping.overlap };
  });
  after(async () => {
    await from.reader.close();
    await harness.close();
    await place.close();
    distrust();
  });

  it('keeps such rows aside with what can be kept of them, and takes those beside them', async () => {
    const company = await harness.addCompany();
    await harness.addPerson(company, 'P-1', [kind.source]);
    const at = (minute: number) => new Date(Date.now() - 3_600_000 + minute * 60_000);
    const row = (id: number, changes: PlacedRow): PlacedRow => ({
      ...kind.row(id, company.slug, 'P-1', at(id)),
      ...changes,
    });
    const codes = BROKEN.map((PersonCode, n) => row(n + 1, { PersonCode }));
    const serials = BROKEN.map((DeviceSerial, n) => row(n + 4, { DeviceSerial }));
    await place.add([...codes, ...serials, row(7, {})]);
    const counts = await harness.ingest.run(from, harness.scope, new AbortController().signal);
    expect(counts).to.include({ taken: 4, quarantined: 3 });
    const { rows: cursor } = await harness.root.query('select status from ingest_cursor where source = $1', [
      kind.source,
    ]);
    expect(cursor).to.deep.equal([{ status: 'up' }]);
    const { rows: waiting } = await harness.root.query<{ person_code: string }>(
      'select person_code from ingest_quarantine order by external_id',
    );
    expect(waiting.map(({ person_code: code }) => code)).to.deep.equal(['P-�', 'P-�', '�P-']);
  });
});

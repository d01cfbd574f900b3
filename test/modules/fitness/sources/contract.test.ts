import { createCertificate, trust } from '../../../support/certificate.ts';
import { brokenIngestContract } from './broken-ingest.contract.ts';
import { KINDS } from './place.ts';
import { openPostgresPlace } from './postgres-place.ts';
import { sourceContract } from './source.contract.ts';
import { openTdsPlace } from './tds-place.ts';

describe('sources', () => {
  const certificate = createCertificate();
  let distrust: () => void;
  before(() => {
    distrust = trust(certificate);
  });
  after(() => {
    distrust();
  });

  for (const kind of Object.values(KINDS)) {
    sourceContract('PostgreSQL', kind, openPostgresPlace);
    sourceContract('SQL Server', kind, (of) => openTdsPlace(of, certificate));
  }
  brokenIngestContract('SQL Server', KINDS.SAFER, (of) => openTdsPlace(of, certificate));
});

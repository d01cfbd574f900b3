import { createVerifier } from '../../platform/change/verifier.ts';
import type { ChainReport } from '../../platform/change/report.ts';
import { parseKeyRing } from '../../platform/crypto/key-ring.ts';
import { createDatabase } from '../../platform/db/database.ts';
import { createPool } from '../../platform/db/pool.ts';
import { systemScope } from '../../platform/db/scope.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { checkpointFiles } from '../checkpoint-files.ts';
import { openFiles } from '../outside.ts';
import { withDatabase } from './database-access.ts';

/** `company` is the slug. */
export interface CompanyReport extends ChainReport {
  readonly companyId: string;
}

/** Walks the chain of each company, or of the one with this slug. Throws when there is none. */
export const verifyChains = (settings: Settings, slug: string | undefined): Promise<CompanyReport[]> =>
  withDatabase(settings, async (urls) => {
    const pool = (url: string) =>
      createPool({
        url,
        max: 1,
        statementTimeout: settings.JOB_STATEMENT_SECONDS * 1_000,
        applicationName: 'angelis audit',
        onError: () => undefined,
      });
    const [app, other, system] = [pool(urls.app), pool(urls.app), pool(urls.system)];
    const now = () => new Date();
    const db = createDatabase({ writer: other, reader: app, now });
    const store = checkpointFiles(await openFiles(settings));
    const verifier = createVerifier({ keyRing: parseKeyRing(settings.CHAIN_KEY), store, now });
    try {
      const { rows } = await system.query<{ id: string; slug: string }>(
        'select id, slug from company where $1::text is null or slug = $1 order by slug',
        [slug ?? null],
      );
      if (rows.length === 0) throw new Error(`There is no company ${slug ?? ''}`.trim());
      const reports: CompanyReport[] = [];
      for (const company of rows) {
        const scope = systemScope(company.id, 'audit verify', '0'.repeat(32));
        const report = await db.read(scope, (reader) => verifier.verify(reader));
        reports.push({ ...report, company: company.slug, companyId: company.id });
      }
      return reports;
    } finally {
      await system.end();
      await db.close();
    }
  });

import { KINDS } from '../modules/fitness/sources/place.ts';
import { openPostgresPlace } from '../modules/fitness/sources/postgres-place.ts';
import { embeddedSystem } from './embedded.ts';
import { redToReportScenario } from './red-to-report.scenario.ts';

redToReportScenario('embedded parts', async () => {
  const [safer, fit2000] = [await openPostgresPlace(KINDS.SAFER), await openPostgresPlace(KINDS.FIT2000)];
  const system = await embeddedSystem({ SAFER_DATABASE_URL: safer.readUrl, FIT2000_DATABASE_URL: fit2000.readUrl });
  return {
    system,
    safer,
    fit2000,
    close: async () => {
      await system.stop();
      await safer.close();
      await fit2000.close();
    },
  };
});

import { openMariadbPlace } from '../modules/fitness/sources/mariadb-place.ts';
import { KINDS } from '../modules/fitness/sources/place.ts';
import { openTdsPlace } from '../modules/fitness/sources/tds-place.ts';
import { redToReportScenario } from '../scenarios/red-to-report.scenario.ts';
import { filesOnServers, systemOnServers } from '../support/servers/system.ts';

redToReportScenario('real servers', async () => {
  const [safer, fit2000] = [await openTdsPlace(KINDS.SAFER), await openMariadbPlace(KINDS.FIT2000)];
  const system = await systemOnServers(2, {
    ...filesOnServers(),
    SAFER_DATABASE_URL: safer.readUrl,
    FIT2000_DATABASE_URL: fit2000.readUrl,
  })();
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

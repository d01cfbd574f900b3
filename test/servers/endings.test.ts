import { endingsScenario } from '../scenarios/endings.scenario.ts';
import { systemOnServers } from '../support/servers/system.ts';

endingsScenario('real servers', systemOnServers(14));

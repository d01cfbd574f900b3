import { accessScenario } from '../scenarios/access.scenario.ts';
import { systemOnServers } from '../support/servers/system.ts';

accessScenario('real servers', systemOnServers(11));

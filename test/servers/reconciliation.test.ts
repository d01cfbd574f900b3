import { reconciliationScenario } from '../scenarios/reconciliation.scenario.ts';
import { systemOnServers } from '../support/servers/system.ts';

reconciliationScenario('real servers', systemOnServers(10));

import { firstDayScenario } from '../scenarios/first-day.scenario.ts';
import { filesOnServers, systemOnServers } from '../support/servers/system.ts';

firstDayScenario('real servers', () => systemOnServers(9, filesOnServers())());

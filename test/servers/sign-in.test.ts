import { signInScenario } from '../scenarios/sign-in.scenario.ts';
import { systemOnServers } from '../support/servers/system.ts';

signInScenario('real servers', systemOnServers(1));

import { accessScenario } from './access.scenario.ts';
import { embeddedSystem } from './embedded.ts';

accessScenario('embedded parts', embeddedSystem);

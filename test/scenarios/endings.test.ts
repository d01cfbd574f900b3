import { embeddedSystem } from './embedded.ts';
import { endingsScenario } from './endings.scenario.ts';

endingsScenario('embedded parts', embeddedSystem);

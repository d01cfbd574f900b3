import { embeddedSystem } from './embedded.ts';
import { signInScenario } from './sign-in.scenario.ts';

signInScenario('embedded parts', embeddedSystem);

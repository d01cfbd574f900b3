import { embeddedSystem } from './embedded.ts';
import { firstDayScenario } from './first-day.scenario.ts';

firstDayScenario('embedded parts', embeddedSystem);

import { embeddedSystem } from './embedded.ts';
import { reconciliationScenario } from './reconciliation.scenario.ts';

reconciliationScenario('embedded parts', embeddedSystem);

import type { Logger } from 'pino';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition, TickDefinition } from '../../../platform/module.ts';
import type { Alignment } from './alignment.ts';
import { rosteredAssignments } from './assignments.repository.ts';
import type { Ground } from './assignments.repository.ts';

/** Asked for whenever a person, a project or a contract changes its state. */
export const ALIGN_ASSIGNMENTS = 'workforce.assignments.align';

interface RosterTickDependencies {
  readonly work: UnitOfWork;
  readonly alignment: Alignment;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

const PAGE = 200;
const FIRST = '00000000-0000-0000-0000-000000000000';
const NIGHT = 86_400;

export const alignJob = ({ alignAll }: Alignment): JobDefinition =>
  job<Ground>({ name: ALIGN_ASSIGNMENTS, run: (ground, { scope, signal }) => alignAll(scope, ground, signal) });

/**
 * Aligns every active assignment with a roster, which plans its shifts fourteen days ahead, each in a transaction of its
 * own: one that fails holds up no other and is tried again the next night.
 */
export const rosterTick = ({ work, alignment, log }: RosterTickDependencies): TickDefinition => ({
  name: 'workforce.rosters.expand',
  every: NIGHT,
  timeout: 3_600_000,
  for: 'each-active-company',
  run: async (scope, { signal }) => {
    const { companyId } = scope;
    const own = systemScope(companyId, 'workforce.rosters.expand', scope.traceId);
    let after = FIRST;
    for (;;) {
      const ids = await work.read({ scope }, (reader) => rosteredAssignments(reader, after, PAGE));
      for (const id of ids) {
        signal.throwIfAborted();
        try {
          const overlapping = await alignment.align(own, id);
          if (overlapping > 0)
            log.warn({ companyId, assignmentId: id, overlapping }, 'shifts were left out: the person has others then');
        } catch (error) {
          log.error({ err: error, companyId, assignmentId: id }, 'a roster could not be expanded');
        }
      }
      if (ids.length < PAGE) return;
      after = ids.at(-1)!;
    }
  },
});

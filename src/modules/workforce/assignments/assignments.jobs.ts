import type { Logger } from 'pino';
import { systemScope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Repository, TickDefinition } from '../../../platform/module.ts';
import type { Rosters } from '../rosters/rosters.service.ts';
import { rosteredAssignments } from './assignments.repository.ts';
import type { AssignmentRow } from './assignments.repository.ts';

interface RosterTickDependencies {
  readonly work: UnitOfWork;
  readonly repository: Repository<AssignmentRow>;
  readonly rosters: Rosters;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

const PAGE = 200;
const FIRST = '00000000-0000-0000-0000-000000000000';
const NIGHT = 86_400;

/**
 * Plans every active assignment's shifts fourteen days ahead, each in a transaction of its own: one that fails holds up no
 * other and is tried again the next night.
 */
export const rosterTick = ({ work, repository, rosters, log }: RosterTickDependencies): TickDefinition => ({
  name: 'workforce.rosters.expand',
  every: NIGHT,
  timeout: 3_600_000,
  for: 'each-company',
  run: async (scope, { signal }) => {
    const { companyId } = scope;
    const expand = (id: string) =>
      work.write({ scope: systemScope(companyId, 'workforce.rosters.expand', scope.traceId) }, async (tx) => {
        const row = await repository.lock(tx, id);
        return row.status === 'active' ? rosters.expand(tx, row, false) : { added: 0, overlapping: 0 };
      });
    let after = FIRST;
    for (;;) {
      const ids = await work.read({ scope }, (reader) => rosteredAssignments(reader, after, PAGE));
      for (const id of ids) {
        signal.throwIfAborted();
        try {
          const { overlapping } = await expand(id);
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

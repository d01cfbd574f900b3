import { createCrud } from '../../../platform/crud/service.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { conflict, Problem } from '../../../platform/problem.ts';
import { patternIsUsed } from './shift-patterns.repository.ts';
import type { ShiftPatternRow } from './shift-patterns.repository.ts';
import { checkPattern } from './swing.ts';
import type { PatternDay } from './swing.ts';

interface ShiftPatternsDependencies {
  readonly repository: Repository<ShiftPatternRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly now: () => Date;
}

/** Any zone and day will do: only the days themselves are looked at. */
const SOMEWHERE = { zone: 'Etc/UTC', anchorDate: '2026-01-01' };

const checkDays = (days: ShiftPatternRow['days']): void => {
  const faults = checkPattern({ days: days as PatternDay[], ...SOMEWHERE });
  if (faults.length === 0) return;
  const errors = faults.slice(0, 50).map(({ problem, day }) => ({
    pointer: day === undefined ? '/days' : `/days/${day}`,
    code: problem,
    in: 'body' as const,
  }));
  throw new Problem(422, 'INVALID', { errors });
};

/** Shift patterns: repeated days whose shifts never overlap each other. */
export const createShiftPatternsService = ({ repository, list, work, now }: ShiftPatternsDependencies) =>
  createCrud({
    repository,
    list,
    work,
    now,
    onCreate: (_tx, body) => {
      checkDays((body as ShiftPatternRow).days);
      return Promise.resolve({});
    },
    onEdit: (_tx, row, patch: Partial<ShiftPatternRow>) => {
      checkDays(patch.days ?? row.days);
      return Promise.resolve({});
    },
    onRemove: async (tx, row) => {
      if (await patternIsUsed(tx, row.id)) throw conflict('PATTERN_IN_USE');
    },
  });

import { createCrud, Problem } from '../../../platform/module.ts';
import type { CrudParts } from '../../../platform/module.ts';
import type { ShiftPatternRow } from './shift-patterns.repository.ts';
import { checkPattern } from './swing.ts';
import type { PatternDay } from './swing.ts';

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
export const createShiftPatternsService = (parts: CrudParts<ShiftPatternRow>) =>
  createCrud({
    ...parts,
    onCreate: (_tx, { days }) => {
      checkDays(days);
    },
    onEdit: (_tx, row, patch) => {
      checkDays(patch.days ?? row.days);
    },
    onRemove: true,
    onRestore: true,
  });

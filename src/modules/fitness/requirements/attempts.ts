import type { Tx } from '../../../platform/db/database.ts';
import type { Worker } from '../../../platform/db/unit-of-work.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { standingLevel } from '../classification/classify.ts';
import type { JudgedResult } from '../ports.ts';
import type { RequirementRow } from './requirements.repository.ts';

/** When a result was taken, for what must be done by then; a clock that runs ahead counts when it came. */
export const effectiveTime = ({ takenAt, receivedAt, arrivalFlags }: JudgedResult): string =>
  arrivalFlags.includes('SKEWED') ? receivedAt : takenAt;

/**
 * Closes a requirement by an attempt at it, in the transaction that stores the result. The first valid attempt stands: a
 * retake may only worsen the level. An invalid one closes nothing. A missed or excused requirement stays what it is.
 */
export const createAttempts =
  (requirements: Repository<RequirementRow>, mover: Mover<RequirementRow>) =>
  async (tx: Tx, worker: Worker, result: JudgedResult): Promise<void> => {
    const { requirementId, level, isValid, id: resultId } = result;
    if (requirementId === null) return;
    const row = await requirements.lock(tx, requirementId);
    if (!isValid || row.status !== 'due') {
      const known = row.level === null || row.level === 'none' ? [] : [row.level];
      const standing = isValid ? standingLevel([...known, level]) : level === 'none' ? 'none' : row.level;
      const hadInvalid = row.hadInvalid || !isValid;
      await requirements.update(tx, row, {
        attempts: row.attempts + 1,
        hadInvalid,
        level: row.status === 'due' || isValid ? standing : row.level,
      });
      return;
    }
    const at = effectiveTime(result);
    const isOnTime = Date.parse(at) <= Date.parse(row.graceUntil);
    const name = isOnTime ? 'complete_on_time' : 'complete_late';
    await mover.moveAs(tx, worker, row, name, { resultId, level, at });
  };

export type Attempts = ReturnType<typeof createAttempts>;

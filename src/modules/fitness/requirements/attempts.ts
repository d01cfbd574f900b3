import type { Bulk, Patched } from '../../../platform/db/bulk.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { Worker } from '../../../platform/db/unit-of-work.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { standingLevel } from '../classification/classify.ts';
import type { JudgedResult, Recipients } from '../ports.ts';
import type { RequirementRow } from './requirements.repository.ts';

/** When a result was taken, for what must be done by then; a clock that runs ahead counts when it came. */
export const effectiveTime = ({ takenAt, receivedAt, arrivalFlags }: JudgedResult): string =>
  arrivalFlags.includes('SKEWED') ? receivedAt : takenAt;

/** What one more attempt leaves of a requirement that it does not close. */
const counted = (row: RequirementRow, { level, isValid }: JudgedResult): Partial<RequirementRow> => {
  const known = row.level === null || row.level === 'none' ? [] : [row.level];
  const standing = isValid ? standingLevel([...known, level]) : level === 'none' ? 'none' : row.level;
  return {
    attempts: row.attempts + 1,
    hadInvalid: row.hadInvalid || !isValid,
    level: row.status === 'due' || isValid ? standing : row.level,
  };
};

interface AttemptsDependencies {
  readonly bulk: Bulk<RequirementRow>;
  readonly mover: Mover<RequirementRow>;
  readonly recipients: Pick<Recipients, 'audiencesOf'>;
  /** Ends the restrictions that a missing test brought. */
  readonly lift: (tx: Tx, row: RequirementRow, because: string) => Promise<void>;
}

/**
 * Closes requirements by attempts at them, in the transaction that stores the results and in their order. The first valid
 * attempt stands: a retake may only worsen the level. An invalid one closes nothing. A missed or excused requirement stays
 * what it is.
 */
export const createAttempts = ({ bulk, mover, recipients, lift }: AttemptsDependencies) => {
  const attempt = (tx: Tx, worker: Worker, row: RequirementRow, result: JudgedResult): Patched<RequirementRow> => {
    const { level, isValid, id: resultId } = result;
    if (!isValid || row.status !== 'due') return { row, patch: counted(row, result) };
    const at = effectiveTime(result);
    const isOnTime = Date.parse(at) <= Date.parse(row.graceUntil);
    const name = isOnTime ? 'complete_on_time' : 'complete_late';
    return { row, ...mover.plan(tx, worker, row, name, { resultId, level, at }) };
  };

  return async (tx: Tx, worker: Worker, results: readonly JudgedResult[]): Promise<void> => {
    const waiting = results.filter(({ requirementId }) => requirementId !== null);
    if (waiting.length === 0) return;
    const locked = await bulk.lockMany(
      tx,
      waiting.map(({ requirementId }) => requirementId!),
    );
    const rows = new Map(locked.map((row) => [row.id, row]));
    const audiences = await recipients.audiencesOf(tx, [...new Set(locked.map(({ profileId }) => profileId))]);
    const rounds = Map.groupBy(waiting, ({ requirementId }) => requirementId!);
    for (let round = 0; rounds.size > 0; round += 1) {
      const patched: Patched<RequirementRow>[] = [];
      for (const [id, attempts] of rounds) {
        const [row, result] = [rows.get(id), attempts[round]];
        if (row === undefined || result === undefined) rounds.delete(id);
        else {
          const { note, ...written } = attempt(tx, worker, row, result);
          patched.push({ ...written, note: { ...note, audience: audiences.get(row.profileId) ?? [] } });
        }
      }
      for (const row of await bulk.updateMany(tx, patched)) {
        const isAnswered = rows.get(row.id)?.status === 'due' && row.status !== 'due';
        if (isAnswered && row.lackingSince !== null) await lift(tx, row, 'done');
        rows.set(row.id, row);
      }
    }
  };
};

export type Attempts = ReturnType<typeof createAttempts>;

import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { TickDefinition } from '../../../platform/jobs/definitions.ts';
import type { Notices } from '../notices.ts';

interface CalibrationDependencies {
  readonly work: UnitOfWork;
  readonly notices: Notices;
  readonly safetyAdminsOf: (reader: Reader, at: Date) => Promise<readonly string[]>;
}

const DAY_MS = 86_400_000;
/** So long before a calibration is due people hear of it; and again when it is. */
const AHEAD_MS = 14 * DAY_MS;
const MOST = 200;

/** Devices of which nobody was told since the first of those instants, or since the second where that is over. */
const DUE = `select d.id from device d
  where d.company_id = $1 and d.status = 'active' and d.deleted_at is null and d.calibration_due_at <= $3
    and (d.calibration_told_at is null or d.calibration_told_at < d.calibration_due_at - ($3::timestamptz - $2::timestamptz)
      or (d.calibration_due_at <= $2 and d.calibration_told_at < d.calibration_due_at))
  order by d.calibration_due_at, d.id limit ${MOST}`;
const LOCK = 'select id from device where company_id = $1 and id = any($2) order by id for no key update';
const TOLD = 'update device set calibration_told_at = $3 where company_id = $1 and id = any($2)';

const tellOf = async (tx: Tx, { notices, safetyAdminsOf }: CalibrationDependencies): Promise<number> => {
  const until = new Date(tx.now.getTime() + AHEAD_MS);
  const due = await tx.prepared<{ id: string }>(DUE, [tx.companyId, tx.now, until]);
  const ids = due.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await tx.prepared(LOCK, [tx.companyId, ids]);
  await tx.prepared(TOLD, [tx.companyId, ids, tx.now]);
  const recipients = await safetyAdminsOf(tx, tx.now);
  const about = { kind: 'device_calibration', recipients, profileId: null, entity: 'device', params: {} } as const;
  for (const entityId of ids) await notices.notify(tx, { ...about, entityId });
  return ids.length;
};

/** Tells the safety admins two weeks before the calibration of a device is due, and when it is: once each. Until then lapses on it are not counted in bands. */
export const calibrationTick = (dependencies: CalibrationDependencies): TickDefinition => ({
  name: 'fitness.devices.calibration',
  every: 3_600,
  for: 'each-active-company',
  run: async (scope, { signal }) => {
    for (let told = MOST; told === MOST && !signal.aborted;)
      told = await dependencies.work.write({ scope }, (tx) => tellOf(tx, dependencies));
  },
});

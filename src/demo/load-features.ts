import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../platform/db/database.ts';
import { dateAt } from '../platform/time/zone.ts';
import { insertRows, stamps } from './bulk.ts';
import type { DemoCompany, DemoPlan } from './plan.ts';

const DICTATION = 'live_transcription';
const HOUR = 3_600;
const PILOT_MS = 180 * 86_400_000;
/** Ranks of who gave the grants: the operator's staff, and an admin. */
const LEVELS = { operator: 1_000, admin: 600 };

/** Field service for all, a pilot of dictation that supervisors may use two hours a month of, and management not at all. */
export const loadFeatures = async (tx: Tx, company: DemoCompany, { begin, loadedAt }: DemoPlan): Promise<void> => {
  const newId = () => uuidv7({ msecs: begin.getTime() });
  const endsAt = new Date(loadedAt.getTime() + PILOT_MS);
  await insertRows(tx, 'subscription', [
    {
      id: newId(),
      offering: 'FIELD_SERVICE',
      seats: 0,
      startsOn: begin.toISOString().slice(0, 10),
      paymentState: 'paid',
      status: 'active',
      ...stamps(begin),
    },
  ]);
  const grant = (reason: string, level: number) => ({
    id: newId(),
    feature: DICTATION,
    effect: 'allow',
    startsAt: begin,
    endsAt: null,
    reason,
    level,
    byOperator: level === LEVELS.operator,
    status: 'active',
    quota: null,
    departmentId: null,
    systemRole: null,
    ...stamps(begin),
  });
  const pilot = { ...grant('Piloto de dictado', LEVELS.operator), subject: 'company', quota: 200 * HOUR, endsAt };
  await insertRows(tx, 'feature_grant', [
    pilot,
    { ...grant('Dos horas al mes', LEVELS.admin), subject: 'role', systemRole: 'supervisor', quota: 2 * HOUR },
    {
      ...grant('Primero las faenas', LEVELS.admin),
      subject: 'department',
      departmentId: company.departments[0]!.id,
      effect: 'deny',
    },
  ]);
  const expiry = { entity: 'feature_grant', entityId: pilot.id, move: 'expire', dueAt: endsAt };
  await insertRows(tx, 'due_move', [expiry]);
  const dictating = company.people.filter(({ roles }) => roles.includes('supervisor'));
  const use = (holderId: string, used: number) => ({
    feature: DICTATION,
    startsOn: `${dateAt(loadedAt, company.timezone).slice(0, 7)}-01`,
    holderId,
    used,
    updatedAt: loadedAt,
  });
  const uses = dictating.map(({ profileId }, place) => use(profileId, HOUR / 4 + (place % 5) * 600));
  const sum = uses.reduce((total, { used }) => total + used, 0);
  await insertRows(tx, 'usage_counter', [...uses, use(company.id, sum)]);
};

import type { Tx } from '../platform/db/database.ts';
import { addDays, dateAt, dayBounds } from '../platform/time/zone.ts';
import { insertRows, stamps } from './bulk.ts';
import { createIds } from './plan.ts';
import type { DemoCompany, DemoPlan } from './plan.ts';
import type { Random } from './random.ts';
import { SITE_CREDENTIALS } from './work.ts';
import type { DemoAssignment, DemoWork } from './work.ts';

const ISSUERS: Readonly<Record<string, string>> = {
  medical_fitness: 'Mutual de Seguridad',
  altitude_exam: 'Mutual de Seguridad',
  induction: 'Prevención de riesgos de la faena',
  internal_driving_license: 'Prevención de riesgos de la faena',
  equipment_authorization: 'Centro de entrenamiento',
};
const AUTHORIZATION = 'equipment_authorization';
const ELSE = { role: null, equipmentKindId: null } as const;

/** Valid for a year; those of 1 in 60 were not renewed in time, those of some 8 % end within a month. */
const VALID_DAYS = 365;
const NOT_RENEWED = 1 / 60;

/** A medical fitness as somebody brings it two days after they were referred, with the timer of its end. */
export const renewedFitness = (
  { person, timezone }: DemoAssignment,
  referredAt: number,
  makeId: (at: Date) => string,
) => {
  const at = new Date(referredAt + 2 * 86_400_000);
  const validFrom = dateAt(at, timezone);
  const validTo = addDays(validFrom, VALID_DAYS);
  const endsAt = dayBounds(validTo, timezone).to;
  const id = makeId(at);
  const credential = {
    id,
    profileId: person.profileId,
    kind: 'medical_fitness',
    issuer: ISSUERS['medical_fitness']!,
    validFrom,
    validTo,
    hasEvidence: false,
    status: 'valid',
    endsAt,
    ...stamps(at),
  };
  return { credential, dueMove: { entity: 'credential', entityId: id, move: 'expire', dueAt: endsAt } };
};

/** What every site asks of whoever works there, what it asks of those who drive, and what each kind of equipment asks for. */
const requirements = ({ sites }: DemoCompany, { equipmentKinds }: DemoWork, at: Date, makeId: (at: Date) => string) => [
  ...sites.flatMap(({ id }) =>
    SITE_CREDENTIALS.map((kind) => ({ id: makeId(at), kind, siteId: id, ...ELSE, ...stamps(at) })),
  ),
  { id: makeId(at), kind: 'internal_driving_license', siteId: null, ...ELSE, role: 'supervisor', ...stamps(at) },
  ...equipmentKinds.map(({ id }) => ({
    id: makeId(at),
    kind: AUTHORIZATION,
    siteId: null,
    ...ELSE,
    equipmentKindId: id,
    ...stamps(at),
  })),
];

/** Credentials that each one's work requires, most valid, some about to end, some over; and what sites ask for. */
export const loadCredentials = async (
  tx: Tx,
  work: DemoWork,
  company: DemoCompany,
  { loadedAt, begin }: DemoPlan,
  random: Random,
) => {
  const makeId = createIds(random.fork('ids'));
  const rows = work.assignments.flatMap(({ person, taskKind, timezone }) =>
    [...taskKind.credentials, ...(taskKind.equipment === null ? [] : [AUTHORIZATION])].map((kind) => {
      const today = dateAt(loadedAt, timezone);
      const isOver = random.chance(NOT_RENEWED);
      const validTo = addDays(today, isOver ? -random.between(1, 40) : random.between(4, VALID_DAYS));
      const validFrom = addDays(validTo, -VALID_DAYS);
      const endsAt = dayBounds(validTo, timezone).to;
      return {
        id: makeId(begin),
        profileId: person.profileId,
        kind,
        equipmentKindId: kind === AUTHORIZATION ? taskKind.equipment!.id : null,
        issuer: ISSUERS[kind]!,
        validFrom,
        validTo,
        hasEvidence: false,
        status: isOver ? 'expired' : 'valid',
        endsAt,
        ...stamps(dayBounds(validFrom, timezone).from),
      };
    }),
  );
  await insertRows(tx, 'credential_requirement', requirements(company, work, begin, makeId));
  await insertRows(tx, 'credential', rows);
  const timed = rows.filter(({ status }) => status === 'valid');
  await insertRows(
    tx,
    'due_move',
    timed.map(({ id, endsAt }) => ({ entity: 'credential', entityId: id, move: 'expire', dueAt: endsAt })),
  );
};

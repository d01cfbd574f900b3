import Type from 'typebox';
import { ACTIONS } from '../../platform/crud/routes.ts';
import { day, exact, instant, integer, nullable, oneOf, uuid } from '../../platform/schema/types.ts';
import { NEXT_STEPS } from './next-step.ts';

const code = Type.String();
const place = exact({ id: uuid(), code: Type.String(), name: Type.String() });
const list = <T extends Type.TSchema>(item: T) => Type.Array(item, { maxItems: 200 });

const RESTRICTIONS = exact({
  noDriving: Type.Boolean(),
  accompanied: Type.Boolean(),
  noHeights: Type.Boolean(),
  until: nullable(instant()),
});

export const TodayView = exact(
  {
    at: instant({ description: 'When all of this was true' }),
    shift: nullable(
      exact({
        id: uuid(),
        version: integer(1, 2_147_483_647),
        workDate: day(),
        kind: code,
        status: code,
        timezone: code,
        startsAt: instant(),
        endsAt: instant(),
        actualStartAt: nullable(instant()),
        project: place,
        site: nullable(place),
        actions: ACTIONS.properties.items,
      }),
    ),
    requirements: list(
      exact({
        id: uuid(),
        kind: code,
        definitionCode: code,
        windowFrom: instant(),
        dueAt: instant(),
        status: code,
        level: nullable(code),
        doneAt: nullable(instant()),
      }),
    ),
    hold: nullable(exact({ level: code, since: instant(), caseId: nullable(uuid()) })),
    restrictions: list(RESTRICTIONS),
    case: nullable(
      exact({
        id: uuid(),
        level: code,
        status: code,
        openedAt: instant(),
        decision: nullable(code),
        restUntil: nullable(instant()),
        retestUntil: nullable(instant()),
        next: exact({ step: oneOf(NEXT_STEPS), until: nullable(instant()) }),
      }),
    ),
    baselines: list(
      exact({
        definitionCode: code,
        status: code,
        provisional: Type.Boolean(),
        n: integer(0, 100_000),
        fromOn: nullable(day()),
      }),
    ),
    licenses: list(exact({ id: uuid(), offering: code, status: code })),
    credentials: list(
      exact({ id: uuid(), kind: code, status: code, validTo: nullable(day()), expiring: Type.Boolean() }),
    ),
    unread: integer(0, 1_000_000, { description: 'Unread notifications' }),
    links: exact({ notificationPreferences: code, stream: code }),
  },
  { 'x-component': 'worker_today' },
);

export const ResultItem = exact(
  {
    id: uuid(),
    takenAt: instant({ description: 'By the clock of the device: `SKEWED` where it cannot be' }),
    receivedAt: instant(),
    arrivalFlags: Type.Array(code, { maxItems: 10 }),
    source: code,
    definitionCode: code,
    attempt: code,
    practice: Type.Boolean(),
    level: code,
    action: code,
    reasons: Type.Array(code, { maxItems: 50 }),
    requirementId: nullable(uuid()),
    caseId: nullable(uuid()),
  },
  { 'x-component': 'own_result' },
);

export const CaseItem = exact(
  {
    id: uuid(),
    trigger: code,
    level: code,
    status: code,
    openedAt: instant(),
    decision: nullable(code),
    decidedAt: nullable(instant()),
    restrictions: nullable(Type.Unknown()),
  },
  { 'x-component': 'own_case' },
);

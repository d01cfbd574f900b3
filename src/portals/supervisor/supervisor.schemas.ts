import Type from 'typebox';
import type { TObject } from 'typebox';
import { ACTIONS } from '../../platform/crud/routes.ts';
import { day, exact, instant, integer, nullable, oneOf, pageOf, uuid } from '../../platform/schema/types.ts';
import { COUNTS } from '../compliance.schemas.ts';

const code = Type.String();
const list = <T extends Type.TSchema>(item: T) => Type.Array(item, { maxItems: 200 });
const some = <T extends Type.TSchema>(item: T) => Type.Optional(Type.Array(item, { minItems: 1, maxItems: 20 }));
const LEVELS = ['green', 'yellow', 'orange', 'red', 'invalid', 'none'] as const;

/** How people of the board stand to their shifts. */
export const SHIFTS_OF_BOARD = ['none', 'planned', 'started'] as const;

export const BoardQuerySchema = exact({
  cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
  limit: Type.Optional(integer(1, 50, { default: 50 })),
  siteId: some(uuid()),
  shift: some(oneOf(SHIFTS_OF_BOARD, { description: 'The shift that runs, or the next within a day' })),
  level: some(oneOf(LEVELS, { description: 'Of the latest result' })),
  held: Type.Optional(Type.Boolean()),
  openCase: Type.Optional(Type.Boolean({ description: 'A case that still asks something of somebody' })),
  missing: Type.Optional(Type.Boolean({ description: 'Tests that were due and are not there' })),
});

/** A line of the board; `caseView` is the schema of a case. */
const boardItem = (caseView: TObject) =>
  exact(
    {
      profileId: uuid(),
      firstName: code,
      lastName: code,
      employeeNumber: nullable(code),
      siteId: nullable(uuid()),
      shift: nullable(
        exact({
          id: uuid(),
          status: code,
          kind: code,
          workDate: day(),
          startsAt: instant(),
          endsAt: instant(),
          actualStartAt: nullable(instant()),
          projectId: uuid(),
        }),
      ),
      requirements: list(
        exact({ id: uuid(), kind: code, definitionCode: code, dueAt: instant(), status: code, level: nullable(code) }),
      ),
      missing: integer(0, 1_000),
      latest: nullable(
        exact(
          { level: code, takenAt: instant(), source: code, definitionCode: code },
          { description: 'Of the last 31 days' },
        ),
      ),
      hold: nullable(exact({ level: code, since: instant() })),
      restrictions: list(
        exact({
          noDriving: Type.Boolean(),
          accompanied: Type.Boolean(),
          noHeights: Type.Boolean(),
          until: nullable(instant()),
        }),
      ),
      trend: list(exact({ day: day(), level: oneOf(LEVELS, { description: 'The worst of the day' }) })),
      case: nullable(caseView),
      actions: ACTIONS.properties.items,
    },
    { 'x-component': 'board_line' },
  );

export const boardPage = (caseView: TObject) =>
  exact({
    ...pageOf(boardItem(caseView)).properties,
    compliance: Type.Array(exact({ day: day(), ...COUNTS }), {
      maxItems: 2,
      description:
        'Of everyone the caller reaches, in the shifts that began today and yesterday: the same count as in reports',
    }),
  });

/** A case of the list, with whose it is and what the caller may do. */
export const caseItem = (caseView: TObject) =>
  exact(
    { ...caseView.properties, firstName: code, lastName: code, actions: ACTIONS.properties.items },
    { 'x-component': 'supervised_case' },
  );

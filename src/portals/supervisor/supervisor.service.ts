import { percentOf } from '../../modules/fitness/compliance/compliance.ts';
import type { Compliance } from '../../modules/fitness/compliance/compliance.ts';
import type { Cursors } from '../../platform/db/cursor.ts';
import type { Reader } from '../../platform/db/database.ts';
import type { Bind, List, ListQuery, Restriction } from '../../platform/db/list.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import type { Context } from '../../platform/http/context.ts';
import { Problem } from '../../platform/problem.ts';
import { addDays, dateAt } from '../../platform/time/zone.ts';
import type { ActionsOf } from '../actions.ts';
import type { BoardFilters, BoardQuery, BoardRow } from './board.reads.ts';

type Page = ListQuery & BoardFilters & object;

interface SupervisorDependencies {
  readonly work: UnitOfWork;
  readonly cursors: Cursors;
  readonly board: (reader: Reader, query: BoardQuery) => Promise<BoardRow[]>;
  readonly cases: List;
  /** SQL that holds for the profiles that a caller reaches. */
  readonly visible: (context: Context, idExpression: string, bind: Bind) => string;
  /** What the caller may do with cases of these people now. */
  readonly caseActions: ActionsOf;
  /** Compliance by shift day, as everywhere. */
  readonly complianceByDay: (
    reader: Reader,
    period: { readonly from: string; readonly to: string; readonly now: Date },
    restrict: Restriction,
  ) => Promise<readonly (Compliance & { readonly key: string | null })[]>;
  readonly now: () => Date;
}

const DEFAULT_LIMIT = 50;

/** The supervisor's screens: nobody is on their own board, nor among the cases they decide. */
export const createSupervisorPortal = (dependencies: SupervisorDependencies) => {
  const { work, cursors, board, cases, visible, caseActions, complianceByDay, now } = dependencies;

  /** Of the shifts that began today and yesterday: a night's people are still at work in the morning. */
  const complianceOfNow = async (reader: Reader, context: Context) => {
    const at = now();
    const to = dateAt(at, context.principal.timezone);
    const lines = await complianceByDay(reader, { from: addDays(to, -1), to, now: at }, (bind) =>
      visible(context, 'r.profile_id', bind),
    );
    return lines.map(({ key, rate, ...counts }) => ({ day: key!, ...counts, percent: percentOf(rate) }));
  };
  return {
    board: async (context: Context, { cursor, limit = DEFAULT_LIMIT, ...filters }: Page) => {
      const purpose = `board:${context.principal.companyId}:${JSON.stringify(filters)}`;
      const after = cursor === undefined ? undefined : cursors.read(purpose, cursor);
      if (cursor !== undefined && after === undefined)
        throw new Problem(400, 'CURSOR_INVALID', { errors: [{ pointer: '/cursor', code: 'cursor', in: 'query' }] });
      const { rows, shown, actionsFor, compliance } = await work.read(
        context,
        async (reader) => {
          const found = await board(reader, {
            now: now(),
            me: context.principal.profileId,
            visible: (bind) => visible(context, 'p.id', bind),
            filters,
            limit: limit + 1,
            ...(after && { after }),
          });
          const page = found.slice(0, limit);
          const ids = page.flatMap(({ id, item }) => (item.case === null ? [] : id));
          return {
            rows: found,
            shown: page,
            actionsFor: await caseActions(reader, context, ids),
            compliance: await complianceOfNow(reader, context),
          };
        },
        // How many people a company has, and how many results, decides how they are read.
        { planned: 'anew' },
      );
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return {
        items: shown.map(({ id, item }) => ({
          ...item,
          actions: item.case === null ? [] : actionsFor(id, item.case),
        })),
        next: last === undefined ? null : cursors.write(purpose, last),
        compliance,
      };
    },
    cases: (context: Context, query: ListQuery & object) =>
      work.read(context, async (reader) => {
        const { profileId } = context.principal;
        const text = await cases.page(
          reader,
          query,
          (bind) =>
            `t.profile_id is distinct from ${bind(profileId)}::uuid and ${visible(context, 't.profile_id', bind)}`,
        );
        const { items, next } = JSON.parse(text) as { items: { profileId: string }[]; next: string | null };
        const ids = items.map((row) => row.profileId);
        const actionsFor = await caseActions(reader, context, ids);
        return { items: items.map((row) => ({ ...row, actions: actionsFor(row.profileId, row) })), next };
      }),
  };
};

export type SupervisorPortal = ReturnType<typeof createSupervisorPortal>;

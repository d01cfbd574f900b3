import Type from 'typebox';
import { code, entity, exact, instant, lifecycle, move, oneOf, uuid } from '../../../platform/module.ts';
import type { Enqueue, Lifecycle, Reader, RowOf } from '../../../platform/module.ts';
import { snake } from '../../../platform/schema/entity.ts';

export const ERASE_PERSON = 'identity.person.erase';

const BLOCKED_BY = Type.Array(code(60), {
  maxItems: 20,
  description: 'Why it was put off when it was due: codes of problems',
});

/** A person's wish that all that identifies them is erased, in every company; see docs/glossary.md. */
export const ErasureRequest = entity({
  table: 'erasure_request',
  fields: {
    personId: uuid(),
    status: oneOf(['waiting', 'running', 'withdrawn', 'done']),
    dueAt: instant(),
    blockedBy: BLOCKED_BY,
  },
  create: [],
  edit: [],
});
export type ErasureRequestRow = RowOf<typeof ErasureRequest>;

/** waiting <-> running -> done, waiting -> withdrawn. `begin` asks for the work; the work ends it, or puts it off. */
export const createRequestLifecycle = (enqueue: Enqueue): Lifecycle<ErasureRequestRow> =>
  lifecycle<ErasureRequestRow>({
    entity: ErasureRequest,
    initial: 'waiting',
    moves: {
      withdraw: move({ from: ['waiting'], to: 'withdrawn', system: true, summary: 'Take the wish back' }),
      begin: move({
        from: ['waiting'],
        to: 'running',
        system: true,
        summary: 'The time to think it over is up',
        dueAt: ({ dueAt }) => new Date(dueAt),
        effect: async (tx, { row }) => {
          await enqueue(tx, ERASE_PERSON, { requestId: row.id });
        },
      }),
      put_off: move({
        from: ['running'],
        to: 'waiting',
        system: true,
        summary: 'Something stands against it: try again later',
        fields: exact({ dueAt: instant(), blockedBy: BLOCKED_BY }),
        set: ({ input }) => ({ dueAt: input.dueAt, blockedBy: input.blockedBy }),
      }),
      finish: move({
        from: ['running'],
        to: 'done',
        system: true,
        summary: 'Erased',
        set: (): Partial<ErasureRequestRow> => ({ blockedBy: [] }),
      }),
    },
  });

const COLUMNS = Object.keys(ErasureRequest.columns)
  .map((name) => `${snake(name)} as "${name}"`)
  .join(', ');

/** The newest request of a person. In the operator's transaction. */
export const newestRequestOf = async (reader: Reader, personId: string): Promise<ErasureRequestRow | undefined> =>
  (
    await reader.prepared<ErasureRequestRow>(
      `select ${COLUMNS} from erasure_request where person_id = $1 and deleted_at is null order by id desc limit 1`,
      [personId],
    )
  )[0];

/** Where a person has a profile. */
export interface Place {
  readonly companyId: string;
  readonly profileId: string;
}

/** Where a person has a profile, whatever the state of the company; by the ids of companies. In the operator's transaction. */
export const profilesOf = async (reader: Reader, personId: string): Promise<Place[]> => {
  await reader.prepared('select app.enter_person($1)', [personId]);
  return reader.prepared(
    `select company_id as "companyId", profile_id as "profileId" from person_company
     where person_id = $1 order by company_id`,
    [personId],
  );
};

import { day, entity, instant, line, listOf, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';
import type { FactProvider } from '../ports.ts';
import { HourLimitsOverrideSchema } from '../rules.ts';

const GIVEN = ['reference', 'issuer', 'projectId', 'assignmentId', 'limits', 'startsOn', 'endsOn'] as const;

/** What an authority allowed for a roster: limits of working time in the place of the company's, between two days. */
export const HourAuthorization = entity({
  table: 'hour_authorization',
  fields: {
    reference: line(100, { description: 'Number of the resolution, as decisions quote it' }),
    issuer: line(200, { description: 'The authority that gave it' }),
    projectId: nullable(uuid({ description: 'Absent: good for every project' })),
    assignmentId: nullable(uuid({ description: 'Good for one work assignment only' })),
    profileId: nullable(uuid({ description: 'Whose work assignment it is' })),
    limits: HourLimitsOverrideSchema,
    startsOn: day(),
    endsOn: day({ description: 'Last day, included' }),
    status: oneOf(['draft', 'active', 'revoked', 'expired']),
  },
  hidden: { endsAt: instant() },
  create: GIVEN,
  edit: GIVEN,
});
export type HourAuthorizationRow = RowOf<typeof HourAuthorization>;

export const authorizationList = listOf(HourAuthorization, {
  sorts: ['-startsOn'],
  filters: ['status', 'projectId', 'assignmentId'],
});

/** Whose a work assignment is, and of which project; undefined where there is none. */
export const assignmentOf = async (
  reader: Reader,
  id: string,
): Promise<{ profileId: string; projectId: string } | undefined> =>
  (
    await reader.prepared<{ profileId: string; projectId: string }>(
      `select profile_id as "profileId", project_id as "projectId" from work_assignment
       where company_id = $1 and id = $2 and deleted_at is null`,
      [reader.companyId, id],
    )
  )[0];

/** The authorization of the narrowest scope that is in force on the day of the work: the assignment's, the project's, the company's. */
export const authorizationFacts: FactProvider = {
  name: 'gate',
  facts: {
    authorization: `select json_build_object('reference', h.reference, 'limits', h.limits) from hour_authorization h
      where h.company_id = $1 and h.status = 'active' and h.deleted_at is null
        and h.starts_on <= q.day::date and h.ends_on >= q.day::date
        and (h.assignment_id = q.assignment_id
          or (h.assignment_id is null and (h.project_id = q.project_id or h.project_id is null)))
      order by h.assignment_id is null, h.project_id is null, h.starts_on desc, h.id desc limit 1`,
  },
};

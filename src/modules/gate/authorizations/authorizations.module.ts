import { crudModule } from '../../../platform/crud/module.ts';
import { createCrud } from '../../../platform/crud/service.ts';
import type { CrudOptions } from '../../../platform/crud/service.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { Module } from '../../../platform/http/module.ts';
import { conflict, invalid } from '../../../platform/problem.ts';
import { addDays, startOfDay } from '../../../platform/time/zone.ts';
import type { Zones } from '../../workforce/ports.ts';
import type { visibleProfiles } from '../../organization/reach.ts';
import { authorizationLifecycle } from './authorizations.lifecycle.ts';
import { assignmentOf, HourAuthorization } from './authorizations.repository.ts';
import type { HourAuthorizationRow } from './authorizations.repository.ts';

interface AuthorizationsDependencies extends CrudOptions<HourAuthorizationRow> {
  readonly zones: Zones;
  readonly visible: typeof visibleProfiles;
}

type Given = Pick<HourAuthorizationRow, 'projectId' | 'assignmentId' | 'startsOn' | 'endsOn'>;

/** /gate/hour-authorizations */
export const authorizationsModule = ({ zones, visible, ...crud }: AuthorizationsDependencies): Module => {
  const derive = async (tx: Tx, { projectId, assignmentId, startsOn, endsOn }: Given) => {
    if (endsOn < startsOn) throw invalid('/endsOn', 'BEFORE_START');
    if (projectId !== null && assignmentId !== null) throw invalid('/assignmentId', 'ONE_SCOPE');
    const assignment = assignmentId === null ? undefined : await assignmentOf(tx, assignmentId);
    if (assignmentId !== null && assignment === undefined) throw invalid('/assignmentId', 'UNKNOWN_REFERENCE');
    const zone = await zones.ofProject(tx, assignment?.projectId ?? projectId);
    return {
      profileId: assignment?.profileId ?? null,
      endsAt: startOfDay(addDays(endsOn, 1), zone).toISOString(),
    };
  };
  const mustBeDraft = ({ status }: HourAuthorizationRow): void => {
    if (status !== 'draft') throw conflict('HOUR_AUTHORIZATION_NOT_DRAFT');
  };
  const service = createCrud({
    ...crud,
    restrict: (context) => (bind) => `(h.profile_id is null or ${visible(context, 'h.profile_id', bind)})`,
    onCreate: async (tx, body) => ({ status: 'draft', ...(await derive(tx, body as Given)) }),
    onEdit: (tx, row, patch) => {
      mustBeDraft(row);
      return derive(tx, { ...row, ...patch });
    },
    onRemove: (_tx, row) => Promise.resolve(mustBeDraft(row)),
  });
  return crudModule({
    name: 'hourAuthorization',
    base: '/gate/hour-authorizations',
    permission: 'gate:hour-authorization',
    entity: HourAuthorization,
    list: crud.list,
    service,
    lifecycle: authorizationLifecycle,
  });
};

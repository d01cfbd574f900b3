import { conflict, createCrud, crudModule, invalid, keeps } from '../../../platform/module.ts';
import type { Module, MovingParts, Tx } from '../../../platform/module.ts';
import type { visibleProfiles } from '../../organization/reach.ts';
import type { Zones } from '../../organization/zones.ts';
import { assignmentOf } from './authorizations.repository.ts';
import type { HourAuthorizationRow } from './authorizations.repository.ts';

interface AuthorizationsDependencies extends MovingParts<HourAuthorizationRow> {
  readonly zones: Zones;
  readonly visible: typeof visibleProfiles;
}

type Given = Pick<HourAuthorizationRow, 'projectId' | 'assignmentId' | 'startsOn' | 'endsOn'>;

const mustBeDraft = ({ status }: HourAuthorizationRow): void => {
  if (status !== 'draft') throw conflict('HOUR_AUTHORIZATION_NOT_DRAFT');
};

/** /gate/hour-authorizations */
export const authorizationsModule = ({ zones, visible, ...parts }: AuthorizationsDependencies): Module => {
  const derive = async (tx: Tx, { projectId, assignmentId, startsOn, endsOn }: Given) => {
    if (endsOn < startsOn) throw invalid('/endsOn', 'BEFORE_START');
    if (projectId !== null && assignmentId !== null) throw invalid('/assignmentId', 'ONE_SCOPE');
    const assignment = assignmentId === null ? undefined : await assignmentOf(tx, assignmentId);
    if (assignmentId !== null && assignment === undefined) throw invalid('/assignmentId', 'UNKNOWN_REFERENCE');
    const place = { projectId: assignment?.projectId ?? projectId };
    return { profileId: assignment?.profileId ?? null, endsAt: await zones.endOfDay(tx, endsOn, place) };
  };
  const service = createCrud({
    ...parts,
    restrict: (context) => (bind) => `(t.profile_id is null or ${visible(context, 't.profile_id', bind)})`,
    onCreate: derive,
    onEdit: (tx, row, patch) => {
      mustBeDraft(row);
      return derive(tx, { ...row, ...patch });
    },
    onRemove: (_tx, row) => {
      mustBeDraft(row);
    },
  });
  return crudModule({
    base: '/gate/hour-authorizations',
    permission: 'gate:hour-authorization',
    service,
    erasures: [keeps('hour_authorization')],
  });
};

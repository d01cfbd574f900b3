import { isUnbounded } from '../../../platform/access/allowance.ts';
import { conflict, createCrud, crudModule, forbidden, invalid, keeps } from '../../../platform/module.ts';
import type { Context, Module, MovingParts, Tx } from '../../../platform/module.ts';
import type { visibleProfiles } from '../../organization/reach.ts';
import type { Zones } from '../../organization/zones.ts';
import { assignmentOf, HourAuthorization } from './authorizations.repository.ts';
import type { HourAuthorizationRow } from './authorizations.repository.ts';

interface AuthorizationsDependencies extends MovingParts<HourAuthorizationRow> {
  readonly zones: Zones;
  readonly visible: typeof visibleProfiles;
  /** Throws 422 at `pointer` for a profile that is not there or out of reach. */
  readonly mustReach: (tx: Tx, context: Context, profileId: string, pointer: string) => Promise<void>;
}

type Given = Pick<HourAuthorizationRow, 'projectId' | 'assignmentId' | 'startsOn' | 'endsOn'>;

const mustBeDraft = ({ status }: HourAuthorizationRow): void => {
  if (status !== 'draft') throw conflict('HOUR_AUTHORIZATION_NOT_DRAFT');
};

/** One of a whole project, or of all, is written by whoever reaches everybody. */
const mustReachAll = ({ allowance }: Context): void => {
  if (!isUnbounded(allowance)) throw forbidden('OUT_OF_REACH');
};

/** /gate/hour-authorizations */
export const authorizationsModule = (dependencies: AuthorizationsDependencies): Module => {
  const { zones, visible, mustReach, ...parts } = dependencies;
  const derive = async (tx: Tx, { projectId, assignmentId, startsOn, endsOn }: Given, context: Context) => {
    if (endsOn < startsOn) throw invalid('/endsOn', 'BEFORE_START');
    if (projectId !== null && assignmentId !== null) throw invalid('/assignmentId', 'ONE_SCOPE');
    const assignment = assignmentId === null ? undefined : await assignmentOf(tx, assignmentId);
    if (assignmentId !== null && assignment === undefined) throw invalid('/assignmentId', 'UNKNOWN_REFERENCE');
    if (assignment === undefined) mustReachAll(context);
    else await mustReach(tx, context, assignment.profileId, '/assignmentId');
    const place = { projectId: assignment?.projectId ?? projectId };
    return { profileId: assignment?.profileId ?? null, endsAt: await zones.endOfDay(tx, endsOn, place) };
  };
  const service = createCrud({
    ...parts,
    restrict: (context) => (bind) => `(t.profile_id is null or ${visible(context, 't.profile_id', bind)})`,
    onCreate: derive,
    mayChange: async (tx, id, context) => {
      if ((await parts.repository.get(tx, id)).profileId === null) mustReachAll(context);
    },
    onEdit: (tx, row, patch, context) => {
      mustBeDraft(row);
      return derive(tx, { ...row, ...patch }, context);
    },
    onRemove: (_tx, row) => {
      mustBeDraft(row);
    },
    onRestore: derive,
  });
  return crudModule({
    base: '/gate/hour-authorizations',
    permission: 'gate:hour-authorization',
    about: 'rows',
    service,
    erasures: [keeps(HourAuthorization)],
  });
};

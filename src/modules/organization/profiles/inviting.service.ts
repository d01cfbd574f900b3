import type { Decide } from '../../../platform/access/decision.ts';
import { forbidden, Problem } from '../../../platform/module.ts';
import type { Mover, Repository, Tx } from '../../../platform/module.ts';
import type { InvitedProfiles, Invitee, OfferedRole } from '../../identity/invitations/invited-profiles.ts';
import type { Caller } from '../caller.ts';
import { reachesDepartment } from '../reach.ts';
import type { Assignments } from '../roles/assignments.service.ts';
import { normalizeContact } from './contact.ts';
import { BLANK_PROFILE, draftWithEmail } from './profiles.repository.ts';
import type { ProfileRow } from './profiles.repository.ts';
import type { Profiles } from './profiles.service.ts';

interface InvitingDependencies {
  readonly repository: Repository<ProfileRow>;
  readonly mover: Mover<ProfileRow>;
  readonly profiles: Pick<Profiles, 'mayAdd' | 'mustManage'>;
  readonly assignments: Pick<Assignments, 'give' | 'takeBack' | 'mayManage'>;
  readonly decide: Decide;
}

const GIVES_ROLES = 'organization:role-assignment:write';

/** Faults of one role of the request, at the place where it stands in there. */
const atRole = (error: unknown, index: number): unknown =>
  error instanceof Problem && error.options.errors !== undefined
    ? new Problem(error.status, error.code, {
        ...error.options,
        errors: error.options.errors.map((fault) => ({ ...fault, pointer: `/roles/${index}${fault.pointer}` })),
      })
    : error;

/** What invitations do with profiles: they make drafts, ask them, and make them active or drafts again. */
export const createInviting = (deps: InvitingDependencies): InvitedProfiles => {
  const { repository, mover, profiles, assignments, decide } = deps;

  const give = async (
    tx: Tx,
    context: Caller,
    profileId: string,
    roles: readonly OfferedRole[],
  ): Promise<readonly string[]> => {
    if (roles.length === 0) return [];
    const decision = decide(context.principal, GIVES_ROLES);
    if (!decision.allowed) throw forbidden('FORBIDDEN', { params: { permission: GIVES_ROLES } });
    const ids: string[] = [];
    for (const [index, role] of roles.entries())
      ids.push(
        await assignments.give({ ...context, tx, allowance: decision }, { profileId, ...role }).then(
          ({ id }) => id,
          (error: unknown) => {
            throw atRole(error, index);
          },
        ),
      );
    return ids;
  };

  const add = async (tx: Tx, caller: Caller, { email, ...given }: Invitee): Promise<ProfileRow> => {
    await profiles.mayAdd(tx, caller, given);
    await repository.references.hold(tx, given);
    return repository.insert(tx, { ...BLANK_PROFILE, ...given, ...normalizeContact({ contactEmail: email }) });
  };
  const takeUp = async (tx: Tx, caller: Caller, id: string): Promise<ProfileRow> => {
    await profiles.mustManage(tx, caller, id);
    return repository.lock(tx, id);
  };

  return {
    invite: async (tx, caller, { locale, roles = [], ...invitee }) => {
      const { email, departmentId = null } = invitee;
      if (!(await reachesDepartment(tx, caller.allowance, departmentId))) throw forbidden('OUT_OF_REACH');
      const draft = await draftWithEmail(tx, email, departmentId);
      const row = draft === undefined ? await add(tx, caller, invitee) : await takeUp(tx, caller, draft);
      const givenRoles = await give(tx, caller, row.id, roles);
      await mover.moveAs(tx, caller, row, 'invite', { locale, givenRoles });
      return row.id;
    },
    lock: async (tx, profileId) => {
      await repository.lock(tx, profileId);
    },
    mayManage: (tx, context, profileId) => assignments.mayManage(tx, context, profileId),
    activate: async (tx, profileId, personId) => {
      await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, profileId), 'activate', { personId });
    },
    lapse: async (tx, profileId) => {
      await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, profileId), 'lapse');
    },
    takeBack: (tx, ids) => assignments.takeBack(tx, ids),
  };
};

import type { Decide } from '../../../platform/access/decision.ts';
import { changesOf } from '../../../platform/db/repository.ts';
import type { Permission } from '../../../platform/http/route.ts';
import { forbidden, Problem } from '../../../platform/module.ts';
import type { Mover, Repository, Tx } from '../../../platform/module.ts';
import type { Gifts, InvitedProfiles, Invitee, Offer } from '../../identity/invitations/invited-profiles.ts';
import type { Caller } from '../caller.ts';
import { reaches, reachesDepartment } from '../reach.ts';
import type { Assignments } from '../roles/assignments.service.ts';
import { normalizeContact } from './contact.ts';
import { BLANK_PROFILE, draftWithEmail, isEmailOfLeaver } from './profiles.repository.ts';
import type { ProfileRow } from './profiles.repository.ts';
import type { Profiles } from './profiles.service.ts';

/** What is given with an invitation beside roles. */
export interface InvitationGifts {
  readonly grants: {
    /** Gives a feature to somebody, as the caller may; answers the grant's id. Throws 403, 409, 422. */
    give(tx: Tx, caller: Caller, given: { profileId: string; feature: string; reason: string }): Promise<string>;
    revokeAll(tx: Tx, ids: readonly string[], reason: string): Promise<void>;
  };
  readonly residents: {
    /** Throws 403 where the caller may not make a resident of this profile, 409 where it is one. */
    mayBecome(tx: Tx, caller: Caller, profileId: string): Promise<void>;
    /** Makes a resident of who is none. Throws 409 when the plan has no room. */
    become(tx: Tx, profileId: string, pgyLevel: number): Promise<void>;
  };
}

interface InvitingDependencies extends InvitationGifts {
  readonly repository: Repository<ProfileRow>;
  readonly mover: Mover<ProfileRow>;
  readonly profiles: Pick<Profiles, 'mayAdd' | 'mayAlter' | 'mustManage'>;
  readonly assignments: Pick<Assignments, 'give' | 'takeBack' | 'mayManage'>;
  readonly decide: Decide;
  /** Throws 409 where the company takes nobody in. */
  readonly mustTakeIn: (tx: Tx) => Promise<void>;
}

/** What somebody has to be permitted beside inviting, to give it with an invitation. */
const GIVES = {
  roles: 'organization:role-assignment:write',
  features: 'organization:feature-grant:write',
  attributes: 'organization:resident:write',
} as const satisfies Record<keyof Offer, Permission>;

/** Gives one thing of the request; its faults point to where it stands in there. */
const at = async <T>(place: (pointer: string) => string, give: Promise<T>): Promise<T> => {
  try {
    return await give;
  } catch (error) {
    if (!(error instanceof Problem) || error.options.errors === undefined) throw error;
    const errors = error.options.errors.map((fault) => ({ ...fault, pointer: place(fault.pointer) }));
    throw new Problem(error.status, error.code, { ...error.options, errors });
  }
};

type Said = Pick<ProfileRow, 'firstName' | 'lastName'> &
  Partial<Pick<ProfileRow, 'kind' | 'departmentId' | 'siteId' | 'expiresAt'>>;

/** What an invitation says of somebody: a form that sends null for what nobody filled in says nothing of it. */
const saidOf = ({ firstName, lastName, ...others }: Omit<Invitee, 'email'>): Said => {
  const { kind, departmentId, siteId, expiresAt } = others;
  const named = Object.entries({ kind, departmentId, siteId, expiresAt });
  return { firstName, lastName, ...Object.fromEntries(named.filter(([, value]) => (value ?? null) !== null)) };
};

/** What invitations do with profiles: they make drafts, ask them, and make them active or drafts again. */
export const createInviting = (deps: InvitingDependencies): InvitedProfiles => {
  const { repository, mover, profiles, assignments, grants, residents, decide, mustTakeIn } = deps;

  /** The caller as far as they may give this to somebody. */
  const giver = async (tx: Tx, caller: Caller, what: keyof Offer, profileId: string): Promise<Caller> => {
    const permission = GIVES[what];
    const allowance = decide(caller.principal, permission);
    if (!allowance.allowed) throw forbidden('FORBIDDEN', { params: { permission } });
    const giving = { ...caller, tx, allowance };
    if (!(await reaches(tx, giving, profileId))) throw forbidden('OUT_OF_REACH');
    return giving;
  };
  /** Gives each of a list, in its order; answers the ids of what was given. */
  const giveAll = async <T>(given: readonly T[], give: (one: T, index: number) => Promise<string>) => {
    const ids: string[] = [];
    for (const [index, one] of given.entries()) ids.push(await give(one, index));
    return ids;
  };
  const give = async (tx: Tx, caller: Caller, profileId: string, offer: Offer): Promise<Gifts> => {
    const { roles = [], features = [], attributes = {} } = offer;
    const givenRoles = await giveAll(roles, async (role, index) => {
      const giving = assignments.give(await giver(tx, caller, 'roles', profileId), { profileId, ...role });
      return (await at((pointer) => `/roles/${index}${pointer}`, giving)).id;
    });
    const givenGrants = await giveAll(features, async (feature, index) => {
      const by = await giver(tx, caller, 'features', profileId);
      return at(() => `/features/${index}`, grants.give(tx, by, { profileId, feature, reason: 'invitation' }));
    });
    if (attributes.pgyLevel !== undefined) {
      const by = await giver(tx, caller, 'attributes', profileId);
      await at(() => '/attributes/pgyLevel', residents.mayBecome(tx, by, profileId));
    }
    return { givenRoles, givenGrants, attributes };
  };

  const add = async (tx: Tx, caller: Caller, email: string, said: Said): Promise<ProfileRow> => {
    await profiles.mayAdd(tx, caller, said);
    await repository.references.hold(tx, said);
    return repository.insert(tx, { ...BLANK_PROFILE, ...said, ...normalizeContact({ contactEmail: email }) });
  };
  /** The draft becomes what the invitation says of it; what the invitation leaves out stays as the draft has it. */
  const takeUp = async (tx: Tx, caller: Caller, id: string, said: Said): Promise<ProfileRow> => {
    await profiles.mustManage(tx, caller, id);
    const row = await repository.lock(tx, id);
    await profiles.mayAlter(tx, caller, row, said);
    await repository.references.hold(tx, changesOf(row, said));
    return repository.update(tx, row, said);
  };

  return {
    invite: async (tx, caller, { locale, roles, features, attributes, email, ...invitee }) => {
      const said = saidOf(invitee);
      const draft = await draftWithEmail(tx, email, said.departmentId ?? null);
      const { departmentId = null } = draft ?? said;
      if (!(await reachesDepartment(tx, caller.allowance, departmentId))) throw forbidden('OUT_OF_REACH');
      const row = draft === undefined ? await add(tx, caller, email, said) : await takeUp(tx, caller, draft.id, said);
      const gifts = await give(tx, caller, row.id, { roles, features, attributes });
      await mover.moveAs(tx, caller, row, 'invite', { locale, ...gifts });
      return row.id;
    },
    mustTakeIn: (tx) => mustTakeIn(tx),
    isOfLeaver: isEmailOfLeaver,
    lock: async (tx, profileId) => {
      await repository.lock(tx, profileId);
    },
    mayManage: (tx, context, profileId) => assignments.mayManage(tx, context, profileId),
    activate: async (tx, profileId, personId, { pgyLevel }) => {
      await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, profileId), 'activate', { personId });
      if (pgyLevel !== undefined) await residents.become(tx, profileId, pgyLevel);
    },
    lapse: async (tx, profileId) => {
      await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, profileId), 'lapse');
    },
    takeBack: async (tx, { givenRoles, givenGrants }) => {
      await assignments.takeBack(tx, givenRoles);
      await grants.revokeAll(tx, givenGrants, 'invitation');
    },
  };
};

import { v7 as uuidv7 } from 'uuid';
import type { ListQuery, Restriction } from '../../../platform/db/list.ts';
import { conflict, createCrud, forbidden, invalid, notFound, Problem } from '../../../platform/module.ts';
import { refusalOf } from '../../../platform/problem.ts';
import type { ChangeRecorder, Context, MovingParts, Reader, Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import type { Home } from '../members.ts';
import { reaches, reachesDepartment, visibleProfiles } from '../reach.ts';
import type { Assignments } from '../roles/assignments.service.ts';
import type { MayPlace } from '../roles/placing.ts';
import { normalizeContact } from './contact.ts';
import type { ProfileInvitations } from './invitations.ts';
import type { NationalId, NationalIds } from './national-id.ts';
import type { Given, OwnLimits } from './own-limits.ts';
import type { ProfileRow } from './profiles.repository.ts';
import type { ProfileGuards } from './profiles.lifecycle.ts';
import type { ProfileSearch } from './search.ts';

const COLUMN = { department: 'departmentId', site: 'siteId' } as const satisfies Record<Home, keyof ProfileRow>;
const WITHIN = { department: 'withinDepartmentId', site: 'withinSiteId' } as const satisfies Record<Home, string>;

/** A page of the people of a department or site. */
export interface MembersQuery extends ListQuery {
  readonly below?: boolean;
}

interface ProfilesDependencies extends MovingParts<ProfileRow> {
  readonly changes: ChangeRecorder;
  readonly nationalIds: NationalIds;
  readonly find: ProfileSearch;
  /** Refuses one more person in a department that is full. */
  readonly takeIn: (tx: Tx, departmentId: string) => Promise<void>;
  readonly guards: ProfileGuards;
  readonly own: Pick<OwnLimits, 'mayEdit' | 'mayLead'>;
  /** Throws 403 where people come to report to the caller, who reach them no further now, once this one's time is over. */
  readonly mayLeaveInTime: (tx: Tx, caller: Caller, profileId: string) => Promise<void>;
  /** Removes the photo of somebody who is deleted. */
  readonly dropPhoto: (tx: Tx, row: ProfileRow) => Promise<void>;
  /** Codes of all that stands against the erasure of a profile. */
  readonly obstacles: (tx: Tx, profileId: string) => Promise<string[]>;
  /** Invitations follow who is invited: to another department they go along, to another address they end. */
  readonly invitations: Pick<ProfileInvitations, 'withdraw' | 'follow'>;
  /** Throws 403 for somebody else's profile that holds what the caller could not give. */
  readonly mayManage: (tx: Tx, context: Caller, profileId: string) => Promise<void>;
  /** Throws 403 for whoever puts themselves into another department, or others where more is held over them, or less, than the caller gives. */
  readonly mayPlace: MayPlace;
  /** Throws 403 where somebody holds, by being there longer, what the caller could not give as long. */
  readonly mayKeep: Assignments['mayKeep'];
}

const profileRestriction =
  (context: Caller): Restriction =>
  (bind) =>
    visibleProfiles(context, 't.id', bind);

const checkExpiry = (tx: Tx, { kind, expiresAt }: Given): void => {
  if (kind === 'temporary' && (expiresAt ?? null) === null) throw invalid('/expiresAt', 'required');
  if ((expiresAt ?? null) !== null && new Date(expiresAt!) <= tx.now) throw invalid('/expiresAt', 'IN_THE_PAST');
};

/** Whoever may write only for some departments, or not for some, puts people where they may; whoever reaches less than the company adds none. */
const mustReach = async (tx: Tx, { allowance }: Caller, departmentId: string | null): Promise<void> => {
  if (!(await reachesDepartment(tx, allowance, departmentId))) throw forbidden('OUT_OF_REACH');
};

/** Whether a profile is one that the caller sees. */
const seenBy =
  (reader: Reader, caller: Caller) =>
  (profileId: string): Promise<boolean> =>
    reaches(reader, caller, profileId);

/** What the gate counts on is not support's: the risk group, which chooses the fitness policy, and until when somebody may work. */
const CLOSED_TO_SUPPORT = { riskGroupId: 'fitness:policy:write', expiresAt: 'workforce:assignment:write' } as const;

/** Whether it is said anew until when somebody is here. */
const isRetimed = (row: ProfileRow, { expiresAt }: Given): boolean =>
  expiresAt !== undefined && expiresAt !== row.expiresAt;

/** What of somebody who left is still corrected: where they are written to, which others may be meanwhile. */
const CORRECTED: ReadonlySet<string> = new Set<keyof ProfileRow>(['contactEmail', 'contactPhone']);

const isClosed = (row: ProfileRow, patch: Given): boolean =>
  row.status === 'ended' && (row.erasedAt !== null || !Object.keys(patch).every((name) => CORRECTED.has(name)));

const mayDecide = (
  { principal }: Caller,
  given: Given,
  current: Pick<ProfileRow, keyof typeof CLOSED_TO_SUPPORT>,
): void => {
  if (!principal.support) return;
  for (const name of ['riskGroupId', 'expiresAt'] as const)
    if (given[name] !== undefined && given[name] !== current[name])
      throw forbidden('FORBIDDEN', { params: { permission: CLOSED_TO_SUPPORT[name] } });
};

/** People of a company: their data, their national id, their moves. Never the person behind a profile. */
export const createProfilesService = (deps: ProfilesDependencies) => {
  const {
    repository,
    list,
    work,
    mover,
    nationalIds,
    takeIn,
    guards,
    own,
    mayLeaveInTime,
    mayManage,
    mayPlace,
    mayKeep,
    dropPhoto,
    invitations,
    obstacles,
  } = deps;
  /** Refuses somebody new whom the caller may not add, or the department cannot take in. */
  const mayAdd = async (tx: Tx, caller: Caller, body: Given): Promise<void> => {
    await guards.mustTakeIn(tx);
    checkExpiry(tx, body);
    mayDecide(caller, body, { riskGroupId: null, expiresAt: body.expiresAt ?? null });
    await mustReach(tx, caller, body.departmentId ?? null);
    if ((body.departmentId ?? null) !== null) await takeIn(tx, body.departmentId!);
  };
  /** Refuses a kind, a risk group or an end that the caller may not set, or the person cannot have. */
  const mayAlter = async (tx: Tx, caller: Caller, row: ProfileRow, patch: Given): Promise<void> => {
    mayDecide(caller, patch, row);
    await own.mayEdit(tx, caller, row, patch);
    if (isRetimed(row, patch)) {
      await own.mayLead(tx, caller, row.id);
      await mayKeep(tx, caller, { profileId: row.id, now: row.expiresAt, until: patch.expiresAt! });
    }
    if (patch.expiresAt !== undefined || patch.kind !== undefined) checkExpiry(tx, { ...row, ...patch });
    if ((patch.expiresAt ?? null) !== null) await guards.mayLeave(tx, row.id);
    if ((patch.expiresAt ?? row.expiresAt) !== row.expiresAt) await mayLeaveInTime(tx, caller, row.id);
  };
  const crud = createCrud<ProfileRow>({
    ...deps,
    restrict: profileRestriction,
    mayChange: (tx, id, context) => mayManage(tx, context, id),
    onCreate: async (tx, body: Given, context) => {
      const id = uuidv7();
      await mayAdd(tx, context, body);
      return {
        id,
        attributes: {},
        epoch: 1,
        ...normalizeContact(body),
        nationalId: undefined,
        ...(await nationalIds.store(tx, id, body.nationalId ?? null, seenBy(tx, context))),
      };
    },
    onEdit: async (tx, row, patch: Given, context) => {
      if (isClosed(row, patch)) throw conflict('PROFILE_ENDED');
      await mayAlter(tx, context, row, patch);
      const { departmentId } = patch;
      const isMoved = departmentId !== undefined && departmentId !== row.departmentId;
      if (isMoved) {
        await mustReach(tx, context, departmentId);
        await mayPlace(tx, context, [row], departmentId);
        if (departmentId !== null) await takeIn(tx, departmentId);
      }
      const contact = normalizeContact(patch);
      const isReaddressed = contact.contactEmail !== undefined && contact.contactEmail !== row.contactEmail;
      const isAsked = row.status === 'invited' && isReaddressed;
      if (isAsked) await invitations.withdraw(tx, row.id);
      else if (isMoved && row.status === 'invited') await invitations.follow(tx, row.id, departmentId);
      return {
        ...contact,
        ...(isAsked && { status: 'draft' }),
        // Until when what they hold lasts is asked of every session.
        ...(isRetimed(row, patch) && { epoch: row.epoch + 1 }),
        nationalId: undefined,
        ...(patch.nationalId !== undefined &&
          (await nationalIds.store(tx, row.id, patch.nationalId, seenBy(tx, context)))),
      };
    },
    onRemove: async (tx, row) => {
      // Of somebody who left and may come back there is more than a draft.
      if (row.status !== 'draft' || row.personId !== null) throw conflict('PROFILE_IN_USE');
      await dropPhoto(tx, row);
    },
    onRestore: async (tx, row, context) => {
      await mayManage(tx, context, row.id);
      await mayAdd(tx, context, row);
      // Its file went with it.
      return { photoId: null, ...(await nationalIds.restore(tx, row, seenBy(tx, context))) };
    },
  });
  /** 404 unless the caller may see the profile. */
  const mustSee = async (reader: Reader, context: Caller, id: string): Promise<void> => {
    if (!(await reaches(reader, context, id))) throw notFound();
  };
  /** 404 unless the caller may see the profile, 403 unless it is theirs to change. */
  const mustManage = async (tx: Tx, context: Caller, id: string): Promise<void> => {
    await mustSee(tx, context, id);
    await mayManage(tx, context, id);
  };
  const lockNamed = async (tx: Tx, context: Caller, id: string): Promise<void> => {
    if (!(await reaches(tx, context, id))) throw invalid('/profileId', 'UNKNOWN_REFERENCE');
    if ((await repository.lock(tx, id)).erasedAt !== null) throw conflict('PROFILE_ERASED');
  };
  return {
    ...crud,
    mayAdd,
    mayAlter,
    mustSee,
    mustManage,
    /** The national id in the clear. That it was read is committed before it is answered. */
    reveal: (context: Context, id: string): Promise<{ kind: NationalId['kind']; value: string | null }> =>
      work.write(context, async (tx) => {
        await mustSee(tx, context, id);
        const row = await repository.get(tx, id);
        const value = await nationalIds.open(tx, id, row.nationalIdSealed);
        await deps.changes.event(tx, { entity: 'profile', entityId: id, action: 'reveal_national_id' });
        return { kind: row.nationalIdKind, value };
      }),
    /** People of a department or site; with `below` those of all below it too. */
    members: (context: Context, home: Home, id: string, { below = false, ...query }: MembersQuery): Promise<string> =>
      work.read(context, (reader) => {
        const filter = below ? { [WITHIN[home]]: id } : { [COLUMN[home]]: [id] };
        return list.page(reader, { ...query, ...filter }, profileRestriction(context));
      }),
    /** Puts people into a department or a site, all of them or none; answers how many came from elsewhere. */
    place: (context: Context, home: Home, homeId: string, profileIds: readonly string[]): Promise<number> =>
      work.write(context, async (tx) => {
        const column = COLUMN[home];
        if (home === 'department') await mustReach(tx, context, homeId);
        const rows: ProfileRow[] = [];
        for (const id of profileIds.toSorted()) {
          await mustManage(tx, context, id).catch((error: unknown) => {
            throw error instanceof Problem && error.status === 404
              ? invalid('/profileIds', 'UNKNOWN_REFERENCE')
              : error;
          });
          const row = await repository.lock(tx, id);
          if (row.status === 'ended') throw conflict('PROFILE_ENDED');
          if (row[column] !== homeId) rows.push(row);
        }
        await repository.references.hold(tx, { [column]: homeId });
        if (home === 'department') await mayPlace(tx, context, rows, homeId);
        for (const row of rows) {
          if (home === 'department') {
            await takeIn(tx, homeId);
            if (row.status === 'invited') await invitations.follow(tx, row.id, homeId);
          }
          await repository.update(tx, row, { [column]: homeId }, { action: 'place' });
        }
        return rows.length;
      }),
    /** Locks a profile that a body names, so that it is not erased meanwhile. Throws 422 for one that the caller may not see; 409. */
    lockNamed,
    /** The same for what nobody is given any more who left. */
    lockHere: async (tx: Tx, context: Caller, id: string): Promise<void> => {
      await lockNamed(tx, context, id);
      if ((await repository.get(tx, id)).status === 'ended') throw conflict('PROFILE_ENDED');
    },
    /** For a person who has themselves erased. */
    vanishing: {
      obstacles: async (tx: Tx, id: string): Promise<string[]> => [
        ...(await obstacles(tx, id)),
        ...[await refusalOf(guards.mayLeave(tx, id))].filter((code) => code !== undefined),
      ],
      erase: async (tx: Tx, id: string): Promise<void> => {
        const row = await repository.lock(tx, id);
        if (row.erasedAt === null) await mover.moveAs(tx, { scope: tx.scope }, row, 'vanish');
      },
    },
  };
};

export type Profiles = ReturnType<typeof createProfilesService>;

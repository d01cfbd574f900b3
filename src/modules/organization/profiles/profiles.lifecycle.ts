import Type from 'typebox';
import type { MoveContext } from '../../../platform/lifecycle/lifecycle.ts';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import type { Gifts } from '../../identity/invitations/invited-profiles.ts';
import type { ProfileInvitations } from './invitations.ts';
import type { OwnLimits } from './own-limits.ts';
import {
  hasOtherProfile,
  isEmailOfLeaver,
  isEmailOfMember,
  linkPerson,
  Profile,
  PROFILE_STATES,
  pseudonymOf,
} from './profiles.repository.ts';
import type { ProfileRow } from './profiles.repository.ts';
import { conflict, exact, instant, lifecycle, move, nullable, oneOf, text, uuid } from '../../../platform/module.ts';
import type { Context, Lifecycle, Tx } from '../../../platform/module.ts';

/** What other modules of the area decide about a profile. */
export interface ProfileGuards {
  /** Throws 409 when the company's plan has no room for so many more. */
  mustHaveRoom(tx: Tx, counted: 'users' | 'residents', more: number): Promise<void>;
  /** Throws 409 where the company takes nobody in: it is suspended, or closed. */
  mustTakeIn(tx: Tx): Promise<void>;
  /** Throws 409 when the company would be without an active owner without this profile. */
  mayLeave(tx: Tx, profileId: string): Promise<void>;
  /** Throws 409 when something has to be known by name still: a legal hold, an open case. */
  mayBeErased(tx: Tx, profileId: string): Promise<void>;
}

interface ProfileLifecycleDependencies extends ProfileGuards {
  readonly invitations: ProfileInvitations;
  readonly own: Pick<OwnLimits, 'mayLead'>;
  /** Removes the photo of somebody who goes. */
  readonly dropPhoto: (tx: Tx, row: ProfileRow) => Promise<void>;
  /** Throws for somebody whom the caller may not add, or the department cannot take in. */
  readonly mayAdd: (tx: Tx, caller: Context, body: Partial<ProfileRow>) => Promise<void>;
  /** Whether somebody is a resident who has not graduated. */
  readonly isInResidency: (tx: Tx, profileId: string) => Promise<boolean>;
  /** Takes away the roles and features that somebody was given. */
  readonly endGiven: (tx: Tx, profileId: string) => Promise<void>;
}

const invitation = exact({
  locale: Type.Optional(oneOf(LOCALES, { description: "Language of the mail; default: the caller's" })),
});
const reason = exact({ reason: text(500) });
const comingBack = exact({
  reason: text(500),
  expiresAt: Type.Optional(nullable(instant({ description: 'The profile ends then; needed for kind temporary' }))),
});
const needsEmail = (row: ProfileRow): string | undefined =>
  row.contactEmail === null ? 'PROFILE_WITHOUT_EMAIL' : undefined;
const notOneself = (row: ProfileRow, _now: Date, caller?: Context): string | undefined =>
  caller?.principal.profileId === row.id ? 'OWN_PROFILE' : undefined;
const notErased = (row: ProfileRow, now: Date, caller?: Context): string | undefined =>
  row.erasedAt === null ? notOneself(row, now, caller) : 'PROFILE_ERASED';
/** What is left of a profile that is erased: where it belonged, of what kind it was, and since when it has no name. */
const erased = (row: ProfileRow, now: Date): Partial<ProfileRow> => ({
  ...pseudonymOf(row.id),
  personId: null,
  nationalIdSealed: null,
  nationalIdHash: null,
  nationalIdMask: null,
  contactEmail: null,
  contactPhone: null,
  photoId: null,
  employeeNumber: null,
  attributes: {},
  erasedAt: now.toISOString(),
  epoch: row.epoch + 1,
});
const rethink = ({ row }: { row: ProfileRow }): Partial<ProfileRow> => ({ epoch: row.epoch + 1 });

/** What asking somebody to join is told. */
type Asking = MoveContext<ProfileRow, { locale?: Locale } & Partial<Gifts>>;

/** What somebody who left comes back with. */
type ComingBack = MoveContext<ProfileRow, { expiresAt?: string | null }>;

/** draft <-> invited -> active <-> suspended, active -> ended -> draft; see docs/architecture.md, lifecycle. */
export const createProfileLifecycle = (deps: ProfileLifecycleDependencies): Lifecycle<ProfileRow> => {
  const issue = (tx: Tx, { row, input, caller }: Asking): Promise<void> =>
    deps.invitations.issue(tx, {
      ...input,
      profileId: row.id,
      departmentId: row.departmentId,
      email: row.contactEmail!,
      locale: input.locale ?? caller?.locale ?? 'es',
    });
  const withdraw = (tx: Tx, { row }: { row: ProfileRow }): Promise<void> => deps.invitations.withdraw(tx, row.id);
  const mustTakeIn = (tx: Tx): Promise<void> => deps.mustTakeIn(tx);
  const mayBeAsked = async (tx: Tx, { row, input }: Asking): Promise<void> => {
    await mustTakeIn(tx);
    if (await isEmailOfMember(tx, row.contactEmail!)) throw conflict('EMAIL_OF_MEMBER');
    if (await isEmailOfLeaver(tx, row.contactEmail!)) throw conflict('PROFILE_ENDED');
    await deps.mustHaveRoom(tx, 'users', 1);
    if (input.attributes?.pgyLevel !== undefined) await deps.mustHaveRoom(tx, 'residents', 1);
  };
  const mayComeBack = async (tx: Tx, { row, input: { expiresAt = null }, caller }: ComingBack): Promise<void> => {
    const { kind, departmentId } = row;
    await deps.mayAdd(tx, caller!, { kind, departmentId, expiresAt });
    if (await deps.isInResidency(tx, row.id)) await deps.mustHaveRoom(tx, 'residents', 1);
  };
  const mayJoin = async (
    tx: Tx,
    { row, input: { personId } }: MoveContext<ProfileRow, { personId: string }>,
  ): Promise<void> => {
    await mustTakeIn(tx);
    // Their place is held since they were asked; the plan may have shrunk meanwhile.
    await deps.mustHaveRoom(tx, 'users', 0);
    if (await hasOtherProfile(tx, personId, row.id)) throw conflict('PERSON_HAS_PROFILE');
  };
  const mayGo = (tx: Tx, { row }: { row: ProfileRow }): Promise<void> => deps.mayLeave(tx, row.id);
  /** Whoever goes is nobody's superior any more: not by those who report to them. */
  const mayRelease = async (
    tx: Tx,
    { row, caller }: { readonly row: ProfileRow; readonly caller?: Context },
  ): Promise<void> => {
    if (caller !== undefined) await deps.own.mayLead(tx, caller, row.id);
  };
  const mayBeErased = (tx: Tx, { row }: { row: ProfileRow }): Promise<void> => deps.mayBeErased(tx, row.id);
  const clear = async (tx: Tx, { row }: { row: ProfileRow }): Promise<Partial<ProfileRow>> => {
    await deps.dropPhoto(tx, row);
    return erased(row, tx.now);
  };
  return lifecycle<ProfileRow>({
    entity: Profile,
    initial: 'draft',
    moves: {
      invite: move({
        from: ['draft'],
        to: 'invited',
        permission: 'organization:profile:invite',
        rate: 'invitation',
        summary: 'Ask a person by mail to join',
        fields: invitation,
        when: needsEmail,
        check: mayBeAsked,
        effect: issue,
      }),
      resend: move({
        from: ['invited'],
        to: 'invited',
        permission: 'organization:profile:invite',
        rate: 'invitation',
        summary: 'Send the invitation again; links sent before end',
        fields: invitation,
        when: needsEmail,
        check: mustTakeIn,
        effect: issue,
      }),
      withdraw: move({
        from: ['invited'],
        to: 'draft',
        permission: 'organization:profile:invite',
        summary: 'Take the invitation back: its link ends',
        effect: withdraw,
      }),
      lapse: move({
        from: ['invited'],
        to: 'draft',
        system: true,
        summary: 'The invitation was declined, revoked, or not answered in time',
      }),
      activate: move({
        from: ['invited'],
        to: 'active',
        system: true,
        summary: 'The person accepted',
        fields: exact({ personId: uuid() }),
        check: mayJoin,
        set: ({ row, input }) => ({ personId: input.personId, epoch: row.epoch + 1 }),
        effect: (tx, { row, input }) => linkPerson(tx, input.personId, row.id),
      }),
      suspend: move({
        from: ['active'],
        to: 'suspended',
        permission: 'organization:profile:suspend',
        summary: 'Suspend a person: sessions end at once',
        fields: reason,
        when: notOneself,
        check: mayGo,
        set: rethink,
      }),
      resume: move({
        from: ['suspended'],
        to: 'active',
        permission: 'organization:profile:suspend',
        summary: 'Let a suspended person in again',
        when: notOneself,
        set: rethink,
      }),
      end: move({
        from: ['draft', 'invited', 'active'],
        to: 'ended',
        permission: 'organization:profile:end',
        summary: 'End a person’s time in the company',
        fields: reason,
        when: notOneself,
        check: async (tx, about) => {
          await mayGo(tx, about);
          await mayRelease(tx, about);
        },
        set: rethink,
        effect: withdraw,
      }),
      expire: move({
        from: ['draft', 'invited', 'active', 'suspended'],
        to: 'ended',
        system: true,
        summary: 'The profile’s time is over',
        dueAt: (row) => (row.expiresAt === null ? null : new Date(row.expiresAt)),
        set: rethink,
        effect: withdraw,
      }),
      rejoin: move({
        from: ['ended'],
        to: 'draft',
        permission: 'organization:profile:end',
        summary: 'Let a person who left come back: as a draft without roles, to be invited as any other',
        fields: comingBack,
        when: notErased,
        check: mayComeBack,
        set: ({ row, input }) => ({ expiresAt: input.expiresAt ?? null, epoch: row.epoch + 1 }),
        effect: (tx, { row }) => deps.endGiven(tx, row.id),
      }),
      erase: move({
        from: ['draft', 'suspended', 'ended'],
        to: 'ended',
        permission: 'organization:profile:erase',
        summary: 'Erase who a person was; what must be kept stays under a pseudonym',
        fields: reason,
        when: notErased,
        check: async (tx, about) => {
          await mayBeErased(tx, about);
          await mayRelease(tx, about);
        },
        find: clear,
      }),
      vanish: move({
        from: PROFILE_STATES,
        to: 'ended',
        system: true,
        summary: 'The person had themselves erased',
        when: notErased,
        check: async (tx, about) => {
          await mayGo(tx, about);
          await mayBeErased(tx, about);
        },
        find: clear,
        effect: withdraw,
      }),
    },
  });
};

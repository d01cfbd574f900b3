import { exact, instant, lifecycle, move, text } from '../../../platform/module.ts';
import type { Enqueue, Tx } from '../../../platform/module.ts';
import { Person } from './persons.repository.ts';
import type { PersonRow } from './persons.repository.ts';

const reason = exact({ reason: text(500) });
const raise = ({ row }: { row: PersonRow }): Partial<PersonRow> => ({ epoch: row.epoch + 1 });
const GONE: Partial<PersonRow> = {
  emailSealed: null,
  emailHash: null,
  emailMask: null,
  phoneSealed: null,
  phoneHash: null,
  phoneMask: null,
  keycloakId: null,
  dataKey: 'erased',
  preferences: {},
  failedLogins: 0,
  lastLoginAt: null,
};

/** Brings the identity provider and the sessions in line with what stands here about a person. */
export const ALIGN_PERSON = 'identity.person.align';

/** The states of a person (docs/glossary.md). A lock comes from the identity provider, which leads. */
export const createPersonLifecycle = (
  enqueue: Enqueue,
  endSessions: (tx: Tx, personId: string, because: string) => Promise<void>,
) => {
  const align = async (tx: Tx, { row }: { row: PersonRow }): Promise<void> => {
    await enqueue(tx, ALIGN_PERSON, { personId: row.id });
  };
  /** Their sessions end, also where the person is let in again before the provider is told. */
  const shutOut = async (tx: Tx, moved: { row: PersonRow }): Promise<void> => {
    await endSessions(tx, moved.row.id, 'person_disabled');
    await align(tx, moved);
  };
  return lifecycle<PersonRow>({
    entity: Person,
    initial: 'invited',
    moves: {
      activate: move({ from: ['invited'], to: 'active', system: true, summary: 'Accept an invitation', set: raise }),
      lock: move({
        from: ['active'],
        to: 'locked',
        system: true,
        summary: 'Lock after failed sign-ins',
        fields: exact({ until: instant() }),
        set: ({ input }) => ({ lockedUntil: input.until }),
      }),
      unlock: move({
        from: ['locked'],
        to: 'active',
        system: true,
        permission: 'operator:person:move',
        summary: 'Let a locked person sign in again',
        set: (): Partial<PersonRow> => ({ lockedUntil: null, failedLogins: 0 }),
        dueAt: ({ lockedUntil }) => (lockedUntil === null ? null : new Date(lockedUntil)),
      }),
      disable: move({
        from: ['active', 'locked'],
        to: 'disabled',
        permission: 'operator:person:move',
        summary: 'Shut a person out, everywhere and at once',
        fields: reason,
        set: ({ row }) => ({ epoch: row.epoch + 1, lockedUntil: null }),
        effect: shutOut,
      }),
      enable: move({
        from: ['disabled'],
        to: 'active',
        permission: 'operator:person:move',
        summary: 'Let a disabled person in again',
        fields: reason,
        set: raise,
        effect: align,
      }),
      erase: move({
        from: ['invited', 'active', 'locked', 'disabled'],
        to: 'erased',
        system: true,
        summary: 'Destroy what identifies a person',
        set: ({ row }) => ({ ...GONE, firstName: '–', lastName: '–', epoch: row.epoch + 1, lockedUntil: null }),
        effect: align,
      }),
    },
  });
};

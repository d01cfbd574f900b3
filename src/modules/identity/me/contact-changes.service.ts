import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { conflict, invalid } from '../../../platform/problem.ts';
import type { Notices } from '../notices/notices.service.ts';
import type { OtpReceipt, Otps } from '../otp/otp.service.ts';
import { readAddress, takenAddress } from '../persons/addresses.ts';
import type { AddressKind } from '../persons/addresses.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';

interface ContactChangesDependencies {
  readonly work: UnitOfWork;
  readonly persons: Persons;
  readonly otps: Pick<Otps, 'issue' | 'redeem' | 'destinationOf'>;
  readonly notices: Pick<Notices, 'send'>;
}

export interface ContactChanges {
  /** Sends one code to the address the person has and one to the new one. */
  begin(context: Context, kind: AddressKind, value: string): Promise<{ current: OtpReceipt; fresh: OtpReceipt }>;
  /** Moves the address once both codes were verified, and tells the mailbox that the person had; 422 for a ticket that is not good, 409 when it is taken. */
  confirm(context: Context, kind: AddressKind, tickets: { current: string; fresh: string }): Promise<void>;
}

const PURPOSE = { email: 'verify_email', phone: 'verify_phone' } as const;
const CHANNEL = { email: 'email', phone: 'sms' } as const;

/** Changes of the addresses that a person signs in with: only by the person, proven at the old and at the new one. */
export const createContactChanges = (dependencies: ContactChangesDependencies): ContactChanges => {
  const { work, persons, otps, notices } = dependencies;

  const channelOfCurrent = (person: PersonRow, kind: AddressKind): 'email' | 'sms' => {
    const has = { email: person.emailSealed !== null, phone: person.phoneSealed !== null };
    if (has[kind]) return CHANNEL[kind];
    if (!has.email && !has.phone) throw conflict('NO_VERIFIED_ADDRESS');
    return has.email ? 'email' : 'sms';
  };

  return {
    begin: (context, kind, value) => {
      const destination = readAddress(kind, value);
      return work.write(context, (tx) =>
        persons.asSelf(tx, context, async (own) => {
          const person = await persons.repository.get(own, context.principal.personId);
          const { locale } = person;
          const channel = channelOfCurrent(person, kind);
          const current = await otps.issue(own, { purpose: 'step_up', channel, person, locale });
          const purpose = PURPOSE[kind];
          const fresh = await otps.issue(own, { purpose, channel: CHANNEL[kind], person, locale, destination });
          return { current, fresh };
        }),
      );
    },
    confirm: async (context, kind, tickets) => {
      const { personId } = context.principal;
      try {
        await work.write(context, (tx) =>
          persons.asSelf(tx, context, async (own) => {
            const person = await persons.repository.lock(own, personId);
            const current = await otps.redeem(own, tickets.current, 'step_up', '/current');
            const fresh = await otps.redeem(own, tickets.fresh, PURPOSE[kind], '/fresh');
            const value = otps.destinationOf(fresh);
            // A code that went to the phone proves nothing of the mailbox.
            if (current.personId !== personId || current.channel !== channelOfCurrent(person, kind))
              throw invalid('/current', 'WRONG_TICKET');
            if (fresh.personId !== personId || value === undefined) throw invalid('/fresh', 'WRONG_TICKET');
            await persons.mustBeFree(own, personId, kind, value);
            await persons.repository.update(own, person, persons.contacts[kind](person, value), {
              action: `change_${kind}`,
            });
            if (kind === 'email') await persons.align(own, personId);
            await notices.send(own, personId, 'addressChanged', person.emailSealed);
          }),
        );
      } catch (error) {
        throw takenAddress(kind, error);
      }
    },
  };
};

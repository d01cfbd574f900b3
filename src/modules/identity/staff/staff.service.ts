import { v7 as uuidv7 } from 'uuid';
import type { ListQuery } from '../../../platform/db/list.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import type { UnitOfWork, Worker } from '../../../platform/db/unit-of-work.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import { conflict, notFound } from '../../../platform/module.ts';
import type { Context, List, Repository, Tx } from '../../../platform/module.ts';
import type { Invitations } from '../invitations/invitations.service.ts';
import { normalizeEmail } from '../persons/identifiers.ts';
import type { Persons } from '../persons/persons.service.ts';
import type { Registration } from '../persons/registration.service.ts';
import { otherSuperadmins } from './staff.repository.ts';
import type { OperatorUserRow, StaffRoleCode } from './staff.repository.ts';

export interface NewStaff {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly locale: Locale;
  readonly role: StaffRoleCode;
}

interface StaffDependencies {
  readonly work: UnitOfWork;
  readonly repository: Repository<OperatorUserRow>;
  readonly list: List;
  readonly persons: Pick<Persons, 'repository' | 'contacts' | 'align' | 'findByEmail'>;
  readonly registration: Registration;
  readonly invitations: Pick<Invitations, 'issueToStaff' | 'withdrawFromStaff'>;
  /** Ends every session of a person. */
  readonly endSessions: (personId: string, because: string, traceId: string) => Promise<void>;
}

type Shown = { readonly text: string; readonly version: number };

export interface Staff {
  page(context: Context, query: ListQuery & object): Promise<string>;
  read(context: Context, id: string): Promise<Shown>;
  /** Adds somebody, who gets a mailed link; also the first superadmin, from the command line. 409 for a known email. */
  create(worker: Worker, person: NewStaff): Promise<OperatorUserRow>;
  changeRole(context: Context, id: string, role: StaffRoleCode, version: number): Promise<Shown>;
  /** Mails the link anew to somebody who has not joined yet, also where it is over or was declined. 409, 429. */
  resend(context: Context, id: string, version: number): Promise<Shown>;
  /** Ends all that somebody may do as staff, at once; the link of who has not joined yet ends. */
  deactivate(context: Context, id: string, reason: string, version: number): Promise<Shown>;
  /** Whoever has not joined yet is mailed a link by `resend`. */
  activate(context: Context, id: string, version: number): Promise<Shown>;
}

/** Operator staff. Two factors are demanded by the identity provider, for whoever holds a role of its realm. */
export const createStaff = (dependencies: StaffDependencies): Staff => {
  const { work, repository, list, persons, registration, invitations, endSessions } = dependencies;

  const read = async (context: Context, id: string): Promise<Shown> => {
    const found = await work.read(context, (reader) => list.one(reader, id));
    if (found === undefined) throw notFound();
    return found;
  };

  /** Nobody changes what they may do themselves, and somebody always may do everything. */
  const lockOther = async (tx: Tx, context: Context, id: string, version: number): Promise<OperatorUserRow> => {
    await serialize(tx, 'staff');
    const row = await repository.lock(tx, id, version);
    if (row.personId === context.principal.personId) throw conflict('OWN_ACCOUNT');
    return row;
  };
  const keepSuperadmin = async (tx: Tx, row: OperatorUserRow): Promise<void> => {
    if (row.role === 'superadmin' && (await otherSuperadmins(tx, row.id)) === 0) throw conflict('LAST_SUPERADMIN');
  };

  /** The person's sessions learn of it with their next request. */
  const raise = async (tx: Tx, row: OperatorUserRow): Promise<void> => {
    const person = await persons.repository.lock(tx, row.personId);
    await persons.repository.update(tx, person, { epoch: person.epoch + 1 }, { action: 'staff_changed' });
    await persons.align(tx, person.id);
  };

  return {
    page: (context, query) => work.read(context, (reader) => list.page(reader, query)),
    read,
    create: async (worker, { role, ...given }) => {
      const person = { ...given, email: normalizeEmail(given.email), id: uuidv7() };
      const known = await work.read(worker, (reader) => persons.findByEmail(reader, person.email));
      if (known !== undefined)
        throw conflict('DUPLICATE', { errors: [{ pointer: '/email', code: 'DUPLICATE', in: 'body' }] });
      return work.write(worker, async (tx) => {
        await registration.insert(tx, person, null, 'invited');
        await invitations.issueToStaff(tx, { personId: person.id, email: person.email, locale: person.locale });
        await persons.align(tx, person.id);
        return repository.insert(tx, { personId: person.id, role, status: 'active' });
      });
    },
    changeRole: async (context, id, role, version) => {
      await work.write(context, async (tx) => {
        const row = await lockOther(tx, context, id, version);
        if (role !== 'superadmin') await keepSuperadmin(tx, row);
        const after = await repository.update(tx, row, { role });
        if (after.status === 'active') await raise(tx, after);
      });
      return read(context, id);
    },
    resend: async (context, id, version) => {
      await work.write(context, async (tx) => {
        const row = await lockOther(tx, context, id, version);
        if (row.status === 'disabled') throw conflict('STAFF_DISABLED');
        const person = await persons.repository.lock(tx, row.personId);
        const email = persons.contacts.emailOf(person);
        if (person.status !== 'invited' || email === null) throw conflict('STAFF_JOINED');
        await invitations.issueToStaff(tx, { personId: person.id, email, locale: person.locale });
      });
      return read(context, id);
    },
    deactivate: async (context, id, reason, version) => {
      const personId = await work.write(context, async (tx) => {
        const row = await lockOther(tx, context, id, version);
        if (row.status === 'disabled') throw conflict('STAFF_DISABLED');
        await keepSuperadmin(tx, row);
        const after = await repository.update(tx, row, { status: 'disabled' }, { action: 'deactivate', reason });
        await raise(tx, after);
        await invitations.withdrawFromStaff(tx, after.personId);
        return after.personId;
      });
      await endSessions(personId, 'staff_disabled', context.traceId);
      return read(context, id);
    },
    activate: async (context, id, version) => {
      await work.write(context, async (tx) => {
        const row = await lockOther(tx, context, id, version);
        const after = await repository.update(tx, row, { status: 'active' }, { action: 'activate' });
        await raise(tx, after);
      });
      return read(context, id);
    },
  };
};

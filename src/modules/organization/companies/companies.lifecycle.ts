import Type from 'typebox';
import type { MoveContext } from '../../../platform/lifecycle/lifecycle.ts';
import { exact, integer, lifecycle, move, text } from '../../../platform/module.ts';
import type { Enqueue, Lifecycle, Tx } from '../../../platform/module.ts';
import { Company } from './companies.repository.ts';
import type { CompanyRow } from './companies.repository.ts';

const DAY = 86_400_000;
/** Days from suspension to the archive, unless whoever suspends says otherwise. */
const ARCHIVE_AFTER = 30;

const permission = 'operator:company:move';
const reason = exact({ reason: text(500) });
const later = (now: Date, days: number): string => new Date(now.getTime() + days * DAY).toISOString();
const rethink = (row: CompanyRow) => ({ accessEpoch: row.accessEpoch + 1 });

export const PURGE_COMPANY = 'organization.company.purge';

/**
 * pending -> active -> suspended -> active | archived -> purged; a pending one that is refused is archived, to be purged at
 * once. A suspended company may only be read, by its owner; an archived one not at all; of a purged one there is nothing left
 * to read. `tell` writes the move into the company's own change log too; `purgeAfterDays` asks how long it stays in the archive.
 */
export const createCompanyLifecycle = (
  tell: (tx: Tx, about: MoveContext<CompanyRow, object>, action: string) => Promise<void>,
  purgeAfterDays: (tx: Tx, about: MoveContext<CompanyRow, object>) => Promise<number>,
  enqueue: Enqueue,
): Lifecycle<CompanyRow> => {
  const toldAs = (action: string) => (tx: Tx, about: MoveContext<CompanyRow, object>) => tell(tx, about, action);
  return lifecycle<CompanyRow>({
    entity: Company,
    initial: 'pending',
    moves: {
      activate: move({
        from: ['pending'],
        to: 'active',
        permission,
        system: true,
        summary: 'Let a new company in',
        set: ({ row }) => rethink(row),
        effect: toldAs('activate'),
      }),
      refuse: move({
        from: ['pending'],
        to: 'archived',
        system: true,
        summary: 'A company that waited to be let in is refused',
        set: ({ row }, now) => ({ ...rethink(row), purgeAt: now.toISOString() }),
        effect: toldAs('refuse'),
      }),
      suspend: move({
        from: ['active'],
        to: 'suspended',
        permission,
        summary: 'Suspend a company: its owner may only read',
        fields: exact({
          reason: text(500),
          archiveAfterDays: Type.Optional(integer(1, 365, { default: ARCHIVE_AFTER })),
        }),
        set: ({ row, input }, now) => ({
          ...rethink(row),
          archiveAt: later(now, input.archiveAfterDays ?? ARCHIVE_AFTER),
        }),
        effect: toldAs('suspend'),
      }),
      reactivate: move({
        from: ['suspended'],
        to: 'active',
        permission,
        summary: 'Let a suspended company in again',
        fields: reason,
        set: ({ row }) => ({ ...rethink(row), archiveAt: null }),
        effect: toldAs('reactivate'),
      }),
      archive: move({
        from: ['suspended'],
        to: 'archived',
        system: true,
        summary: 'A company that stayed suspended is archived',
        dueAt: (row) => (row.archiveAt === null ? null : new Date(row.archiveAt)),
        find: async (tx, about) => ({ purgeAt: later(tx.now, await purgeAfterDays(tx, about)) }),
        set: ({ row }) => ({ ...rethink(row), archiveAt: null, customDomain: null }),
        effect: toldAs('archive'),
      }),
      // The work moves it on; what did not come to an end is begun again the next day, and goes on where it was.
      begin_purge: move({
        from: ['archived'],
        to: 'archived',
        system: true,
        summary: 'It is time to purge what an archived company left',
        dueAt: (row) => (row.purgeAt === null ? null : new Date(row.purgeAt)),
        set: (_about, now) => ({ purgeAt: later(now, 1) }),
        effect: async (tx, { row }) => {
          await enqueue(tx, PURGE_COMPANY, { companyId: row.id });
        },
      }),
      purge: move({
        from: ['archived'],
        to: 'purged',
        system: true,
        summary: 'Nothing is left but its name and its chain of changes',
        set: (): Partial<CompanyRow> => ({
          purgeAt: null,
          purgeStep: null,
          taxId: null,
          limits: {},
          addresses: [],
          contacts: [],
        }),
        effect: toldAs('purge'),
      }),
    },
  });
};

import Type from 'typebox';
import type { Static } from 'typebox';
import type { PersonalVault } from '../../../platform/change/vault.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { disclosed } from '../../../platform/privacy/erasure.ts';
import type { DisclosedRow } from '../../../platform/privacy/erasure.ts';
import { exact, instant, nullable, ok, route } from '../../../platform/module.ts';
import type { ChangeRecorder, Context, Module, Reader, Tx } from '../../../platform/module.ts';
import type { Persons } from '../persons/persons.service.ts';

const ROW = Type.Record(Type.String(), Type.Unknown());
const Disclosure = exact(
  {
    exportedAt: instant(),
    person: ROW,
    profile: nullable(ROW),
    data: Type.Record(Type.String(), Type.Array(ROW), { description: 'Rows about me, by table' }),
  },
  { 'x-component': 'personal_data' },
);

interface DisclosureDependencies {
  readonly work: UnitOfWork;
  readonly persons: Persons;
  readonly vault: Pick<PersonalVault, 'open'>;
  readonly changes: ChangeRecorder;
  readonly modules: () => readonly Pick<Module, 'erasures'>[];
}

interface StoredProfile {
  readonly row: Record<string, unknown>;
  readonly sealed: string | null;
}

/** All that stands about a person in the company in which they are, said in the words of the tables. */
const createDisclosure = ({ work, persons, vault, changes, modules }: DisclosureDependencies) => {
  const profileOf = async (reader: Reader, id: string): Promise<DisclosedRow> => {
    const [found] = await reader.prepared<StoredProfile>(
      `select to_jsonb(t) as row, t.national_id_sealed as sealed from profile t
       where t.company_id = $1 and t.id = $2 and t.deleted_at is null`,
      [reader.companyId, id],
    );
    const { row, sealed } = found!;
    const nationalId = sealed === null ? null : ((await vault.open(reader, id, sealed)) ?? null);
    return { ...disclosed(row), nationalId };
  };
  const dataOf = async (tx: Tx, id: string): Promise<Record<string, DisclosedRow[]>> => {
    const data: Record<string, DisclosedRow[]> = {};
    for (const { of, rows } of modules().flatMap(({ erasures = [] }) => erasures))
      if (rows !== undefined) data[of] = await rows(tx, id);
    return data;
  };
  return {
    /** The caller's own data; that it was fetched is in the change log before it is answered. */
    own: (context: Context): Promise<Static<typeof Disclosure>> =>
      work.write(context, async (tx) => {
        const { personId, profileId } = context.principal;
        const person = await persons.repository.get(tx, personId);
        const { firstName, lastName, locale, preferences, nationalIdMask, lastLoginAt, createdAt } = person;
        const [email, phone] = [persons.contacts.emailOf(person), persons.contacts.phoneOf(person)];
        const known = { firstName, lastName, locale, preferences, nationalIdMask, lastLoginAt, createdAt };
        if (profileId !== null) await changes.event(tx, { entity: 'profile', entityId: profileId, action: 'disclose' });
        return {
          exportedAt: tx.now.toISOString(),
          person: { id: personId, ...known, email, phone },
          profile: profileId === null ? null : await profileOf(tx, profileId),
          data: profileId === null ? {} : await dataOf(tx, profileId),
        };
      }),
  };
};

/** /privacy/export */
export const disclosureModule = (dependencies: DisclosureDependencies): Module => {
  const disclosure = createDisclosure(dependencies);
  return {
    name: 'personal-data',
    base: '/privacy/export',
    routes: [
      route(
        {
          method: 'get',
          path: '/',
          id: 'exportMyData',
          summary: 'All that stands about me here, as a file',
          description:
            'In the company in which I am. Measured values of tests and notes of cases are sealed: they are read at their own routes.',
          permission: 'signed-in',
          rate: 'export',
          responses: { 200: Disclosure },
        },
        async (_input, context) => ({
          ...ok(await disclosure.own(context)),
          headers: { 'Content-Disposition': 'attachment; filename="personal-data.json"', 'Cache-Control': 'no-store' },
        }),
      ),
    ],
  };
};

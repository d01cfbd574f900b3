import Type from 'typebox';
import type { Static } from 'typebox';
import type { PersonalVault } from '../../../platform/change/vault.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { disclosed, withoutHidden } from '../../../platform/privacy/erasure.ts';
import type { DisclosedRow } from '../../../platform/privacy/erasure.ts';
import { BY_ID, exact, instant, notFound, nullable, ok, route } from '../../../platform/module.ts';
import type { ChangeRecorder, Context, Module, Reader, Tx } from '../../../platform/module.ts';
import type { AnyEntity } from '../../../platform/schema/entity.ts';
import type { Persons } from '../persons/persons.service.ts';

const EXPORT = 'identity:privacy:export';

const ROW = Type.Record(Type.String(), Type.Unknown());
const Disclosure = exact(
  {
    exportedAt: instant(),
    /** The login is nobody's but the person's: null for others. */
    person: nullable(ROW),
    profile: nullable(ROW),
    data: Type.Record(Type.String(), Type.Array(ROW), { description: 'Rows about the profile, by table' }),
  },
  { 'x-component': 'personal_data' },
);
type DisclosureView = Static<typeof Disclosure>;

interface DisclosureDependencies {
  readonly work: UnitOfWork;
  readonly persons: Persons;
  readonly vault: Pick<PersonalVault, 'open'>;
  readonly changes: ChangeRecorder;
  readonly profile: Pick<AnyEntity, 'hidden'>;
  readonly modules: () => readonly Pick<Module, 'erasures'>[];
  /** Whether a profile is there, and within reach of the caller's permission. */
  readonly reaches: (reader: Reader, context: Context, profileId: string) => Promise<boolean>;
}

interface StoredProfile {
  readonly row: Record<string, unknown>;
  readonly sealed: string | null;
}

/**
 * All that stands about a person in a company, said in the words of the tables. That it was fetched is in the change log first.
 * What entities hide is in the person's own file only: nothing tells a company who is behind a profile, or whence they came.
 */
const createDisclosure = (dependencies: DisclosureDependencies) => {
  const { work, persons, vault, changes, profile, modules, reaches } = dependencies;
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
  const dataOf = async (tx: Tx, id: string, isOwn: boolean): Promise<Record<string, DisclosedRow[]>> => {
    const data: Record<string, DisclosedRow[]> = {};
    for (const { of, rows, hidden } of modules().flatMap(({ erasures = [] }) => erasures))
      if (rows !== undefined)
        data[of] = isOwn ? await rows(tx, id) : (await rows(tx, id)).map((row) => withoutHidden(row, hidden));
    return data;
  };
  const personOf = async (reader: Reader, id: string): Promise<DisclosedRow> => {
    const person = await persons.repository.get(reader, id);
    const { firstName, lastName, locale, preferences, lastLoginAt, createdAt } = person;
    const [email, phone] = [persons.contacts.emailOf(person), persons.contacts.phoneOf(person)];
    return { id, firstName, lastName, locale, preferences, lastLoginAt, createdAt, email, phone };
  };
  /** Whom it is about sees on their live stream that it was fetched. */
  const ofProfile = async (tx: Tx, id: string, isOwn: boolean): Promise<Pick<DisclosureView, 'profile' | 'data'>> => {
    await changes.event(tx, { entity: 'profile', entityId: id, action: 'disclose', audience: [id] });
    const row = await profileOf(tx, id);
    const theirs = isOwn ? row : withoutHidden(row, Object.keys(profile.hidden));
    return { profile: theirs, data: await dataOf(tx, id, isOwn) };
  };
  return {
    own: (context: Context): Promise<DisclosureView> =>
      work.write(context, async (tx) => {
        const { personId, profileId } = context.principal;
        const person = await personOf(tx, personId);
        const rest = profileId === null ? { profile: null, data: {} } : await ofProfile(tx, profileId, true);
        return { exportedAt: tx.now.toISOString(), person, ...rest };
      }),
    /** Somebody's, for whoever answers for it that the company has it. 404 beyond the caller's reach. */
    of: (context: Context, id: string): Promise<DisclosureView> =>
      work.write(context, async (tx) => {
        if (!(await reaches(tx, context, id))) throw notFound();
        return { exportedAt: tx.now.toISOString(), person: null, ...(await ofProfile(tx, id, false)) };
      }),
  };
};

const asFile = (body: DisclosureView) => ({
  ...ok(body),
  headers: { 'Content-Disposition': 'attachment; filename="personal-data.json"', 'Cache-Control': 'no-store' },
});
const SEALED = 'Measured values of tests and notes of cases are sealed: they are read at their own routes.';

/** /privacy/export */
export const disclosureModule = (dependencies: DisclosureDependencies): Module => {
  const disclosure = createDisclosure(dependencies);
  return {
    name: 'personal-data',
    base: '/privacy/export',
    permissions: { [EXPORT]: 'rows' },
    routes: [
      route(
        {
          method: 'get',
          path: '/',
          id: 'exportMyData',
          summary: 'All that stands about me here, as a file',
          description: `In the company in which I am. ${SEALED}`,
          permission: 'signed-in',
          rate: 'export',
          responses: { 200: Disclosure },
        },
        async (_input, context) => asFile(await disclosure.own(context)),
      ),
      route(
        {
          method: 'get',
          path: '/:id',
          id: 'exportProfileData',
          summary: 'All that stands about somebody in this company, as a file: for whom a person asks for theirs',
          description: `That it was fetched, and by whom, is in the change log, and told to the person. Their login is none of it, nor from which addresses they came. ${SEALED}`,
          permission: EXPORT,
          rate: 'export',
          clients: ['admin'],
          params: BY_ID,
          responses: { 200: Disclosure },
        },
        async ({ params }, context) => asFile(await disclosure.of(context, params.id)),
      ),
    ],
  };
};

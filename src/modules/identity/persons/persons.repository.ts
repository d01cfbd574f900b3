import { LOCALES } from '../../../platform/i18n/locales.ts';
import { snake } from '../../../platform/schema/entity.ts';
import { entity, exact, instant, integer, line, nullable, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';
import type { StaffRole } from '../../../platform/identity-provider/port.ts';
import { realmRoleOf } from './realm-roles.ts';
import Type from 'typebox';

/** How the frontends look for one person; only they read it. */
const Preferences = exact({
  theme: Type.Optional(oneOf(['system', 'light', 'dark'])),
  textSize: Type.Optional(oneOf(['normal', 'large'])),
});

/** A login; see docs/glossary.md. Sealed values are opened by `contact.ts` only. */
export const Person = entity({
  table: 'person',
  fields: {
    firstName: line(100),
    lastName: line(100),
    locale: oneOf(LOCALES),
    status: oneOf(['invited', 'active', 'locked', 'disabled', 'erased']),
    lockedUntil: nullable(instant()),
    preferences: Preferences,
    emailMask: nullable(line(254)),
    phoneMask: nullable(line(40)),
  },
  hidden: {
    keycloakId: nullable(uuid()),
    emailSealed: nullable(line(2_000)),
    emailHash: nullable(line(200)),
    phoneSealed: nullable(line(2_000)),
    phoneHash: nullable(line(200)),
    failedLogins: integer(0, 1_000_000),
    lastLoginAt: nullable(instant()),
    sessionsEndedAt: nullable(instant()),
    sessionsEndingAt: nullable(instant()),
    sessionsKeptSid: nullable(line(100)),
    passwordRequiredAt: nullable(instant()),
    dataKey: line(2_000),
    epoch: integer(1, 2_147_483_647),
  },
  create: [],
  edit: ['firstName', 'lastName', 'locale', 'preferences'],
  personal: ['firstName', 'lastName', 'locale', 'preferences', 'emailMask', 'phoneMask'],
});
export type PersonRow = RowOf<typeof Person>;

/** What a look-up compares: of an email all hashes under which it may stand. */
export type PersonKey =
  | { readonly by: 'emailHash'; readonly hashes: readonly string[] }
  | { readonly by: 'keycloakId'; readonly id: string };

const COLUMNS = Object.keys(Person.columns)
  .map((name) => `${snake(name)} as "${name}"`)
  .join(', ');

/** The live person with this key, in one statement whoever asks. The transaction must be the operator's. */
export const findPerson = async (reader: Reader, key: PersonKey): Promise<PersonRow | undefined> => {
  const live = `select ${COLUMNS} from person where deleted_at is null`;
  const rows =
    key.by === 'keycloakId'
      ? await reader.prepared<PersonRow>(`${live} and keycloak_id = $1`, [key.id])
      : await reader.prepared<PersonRow>(`${live} and email_hash = any($1)`, [key.hashes]);
  return rows[0];
};

/** Read model: the person whose profile in the reader's company has a national id with one of these hashes. */
export const personOfNationalId = async (reader: Reader, hashes: readonly string[]): Promise<string | undefined> => {
  const rows = await reader.prepared<{ id: string | null }>(
    'select person_id as id from profile where company_id = $1 and national_id_hash = any($2) and deleted_at is null',
    [reader.companyId, hashes],
  );
  return rows[0]?.id ?? undefined;
};

/** Writes down how sign-ins went; what happens with every one of them is kept as attempts, not as changes. */
export const countSignIns = async (
  tx: Tx,
  personId: string,
  { failed, lastAt }: { failed: number; lastAt: Date | null },
): Promise<void> => {
  await tx.prepared(
    'update person set failed_logins = $2, last_login_at = greatest(last_login_at, $3::timestamptz) where id = $1',
    [personId, failed, lastAt],
  );
};

/**
 * From now on no session is opened for a token of this person that was made by then, unless it is of the session that is kept;
 * no change of the row. With `isAhead` the identity provider ends them only now. Answers their id there. In the operator's
 * transaction.
 */
export const markSessionsEnded = async (
  tx: Tx,
  personId: string,
  { at, isAhead, kept }: { at: Date; isAhead: boolean; kept?: string | undefined },
): Promise<string | null> => {
  const [found] = await tx.prepared<{ id: string | null }>(
    `update person set sessions_ended_at = greatest(sessions_ended_at, $2::timestamptz),
       sessions_kept_sid = case when $2 >= coalesce(sessions_ended_at, '-infinity') then $4 else sessions_kept_sid end,
       sessions_ending_at = case when $3 then greatest(sessions_ending_at, $2::timestamptz) else sessions_ending_at end
     where id = $1 returning keycloak_id as id`,
    [personId, at, isAhead, kept ?? null],
  );
  return found?.id ?? null;
};

/** Whom the identity provider knows a person as. In the operator's transaction. */
export const userOf = async (reader: Reader, personId: string): Promise<string | null> => {
  const [found] = await reader.prepared<{ id: string | null }>('select keycloak_id as id from person where id = $1', [
    personId,
  ]);
  return found?.id ?? null;
};

/** The identity provider has ended what was to end by then. */
export const settleSessionsEnded = async (tx: Tx, personId: string, at: Date): Promise<void> => {
  await tx.prepared('update person set sessions_ending_at = null where id = $1 and sessions_ending_at <= $2', [
    personId,
    at,
  ]);
};

/** The identity provider was told by then that a new password is required, or has one that was chosen since. */
export const settleRequiredPassword = async (tx: Tx, personId: string, by: Date): Promise<void> => {
  await tx.prepared('update person set password_required_at = null where id = $1 and password_required_at <= $2', [
    personId,
    by,
  ]);
};

/** Whether a person is, or was, of the operator's staff. */
export const isStaff = async (reader: Reader, personId: string): Promise<boolean> =>
  (await reader.prepared('select 1 from operator_user where person_id = $1 and deleted_at is null', [personId]))
    .length > 0;

const STAFF = `select person_id as "personId", role from operator_user where status = 'active' and deleted_at is null`;

/** The roles of the realm that a person holds now, as one of the operator's staff. */
export const staffRolesOf = async (reader: Reader, personId: string): Promise<StaffRole[]> => {
  const rows = await reader.prepared<{ role: string }>(`${STAFF} and person_id = $1`, [personId]);
  return rows.flatMap(({ role }) => realmRoleOf(role) ?? []);
};

/** The role of the realm that each of the staff holds now, by person. */
export const staffRoles = async (reader: Reader): Promise<ReadonlyMap<string, StaffRole>> => {
  const rows = await reader.prepared<{ personId: string; role: string }>(STAFF);
  const held = new Map<string, StaffRole>();
  for (const { personId, role } of rows) {
    const known = realmRoleOf(role);
    if (known !== undefined) held.set(personId, known);
  }
  return held;
};

/** Persons who are not erased in the order of their ids, after one and up to another, `limit` at the most. */
export const personsBetween = (reader: Reader, after: string, upTo: string, limit: number): Promise<PersonRow[]> =>
  reader.prepared<PersonRow>(
    `select ${COLUMNS} from person
     where deleted_at is null and status <> 'erased' and id > $1 and id <= $2 order by id limit $3`,
    [after, upTo, limit],
  );

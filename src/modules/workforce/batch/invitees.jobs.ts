import type { Scope } from '../../../platform/db/scope.ts';
import { rehearse, Undone } from '../../../platform/db/rehearse.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import type { Validator } from '../../../platform/schema/validator.ts';
import { addDays, startOfDay } from '../../../platform/time/zone.ts';
import { Problem } from '../../../platform/module.ts';
import type { JobDefinition, Reader, Tx } from '../../../platform/module.ts';
import type { BulkInvitee, BulkInviting, Zones } from '../ports.ts';
import { idsByCode, noteProgress, stagedInvitees, stageInvitees } from './batch.repository.ts';
import type { StagedInvitee } from './batch.repository.ts';
import { noteFaults } from './batch.staging.ts';
import { INVITEE_ROW, SHEETS } from './columns.ts';
import type { InviteeRow } from './columns.ts';
import { parseRows } from './parse.ts';
import type { FileLine, RowFault } from './parse.ts';
import { createRuns, PATIENCE } from './runs.ts';
import type { RunDependencies, UploadPayload } from './runs.ts';

export const REHEARSE = 'workforce.batch.rehearse';
export const INVITE = 'workforce.batch.invite';

/** `by`: the profile who invites, `locale` the language of mails where a row names none. */
export interface InvitePayload extends UploadPayload {
  readonly by: string;
}
export interface RehearsePayload extends InvitePayload {
  readonly locale: Locale;
}

interface InviteeJobDependencies extends RunDependencies {
  readonly validator: Validator;
  readonly zones: Zones;
  readonly inviting: BulkInviting;
}

type Invite = (tx: Tx, invitee: BulkInvitee) => Promise<void>;
type Line = FileLine<InviteeRow> & { readonly values: Partial<InviteeRow> };
interface Tried {
  readonly sent: readonly StagedInvitee[];
  readonly faults: readonly RowFault[];
}

/** Where in the file stands what a refusal is about. */
const COLUMNS: Readonly<Record<string, string>> = {
  '/departmentId': 'department',
  '/siteId': 'site',
  '/expiresAt': 'expires_on',
  INVITATION_PENDING: 'email',
  EMAIL_OF_MEMBER: 'email',
  PROFILE_ENDED: 'email',
  HEADCOUNT_LIMIT: 'department',
  OUT_OF_REACH: 'department',
  ROLE_ABOVE_OWN: 'role',
  ROLE_NOT_YOURS: 'role',
  GRANT_ABOVE_OWN: 'role',
  '/attributes/pgyLevel': 'pgy_level',
  FEATURE_NOT_INCLUDED: 'features',
  RESIDENT_LIMIT: 'pgy_level',
};
/** What a request has a list of stands in one cell. */
const LISTED = [
  ['/roles', 'role'],
  ['/features', 'features'],
] as const;
/** What the texts of faults name of a refusal. */
const PARAMS: readonly string[] = ['limit', 'feature'];
/** Refusals that have a text of their own for a row. */
const TOLD = new Set([
  'INVITATION_PENDING',
  'DUPLICATE',
  'EMAIL_OF_MEMBER',
  'FEATURE_NOT_INCLUDED',
  'HEADCOUNT_LIMIT',
  'IN_THE_PAST',
  'KILL_SWITCH_GIVEN',
  'OUT_OF_REACH',
  'PROFILE_ENDED',
  'RESIDENT_LIMIT',
  'ROLE_ABOVE_OWN',
  'ROLE_NOT_YOURS',
  'UNKNOWN_REFERENCE',
  'USER_LIMIT',
  'required',
]);

const faultOf = (row: number, { code, options }: Problem): RowFault => {
  const [fault] = options.errors ?? [];
  const said = fault?.code ?? code;
  const place = LISTED.find(([path]) => fault?.pointer.startsWith(path))?.[1] ?? COLUMNS[fault?.pointer ?? said];
  const told = Object.entries(options.params ?? {}).filter(([name]) => PARAMS.includes(name));
  return {
    row,
    column: place ?? null,
    code: TOLD.has(said) ? said : 'INVALID',
    ...(told.length > 0 && { params: Object.fromEntries(told) }),
  };
};

/** What says that the row is wrong. 412: somebody wrote what the rehearsal did not lock, and the job is tried again. */
const isRefusal = (error: unknown): error is Problem =>
  error instanceof Problem && error.status < 500 && error.status !== 412;

/** Tries one row, so that one that is refused leaves nothing behind. */
const attempt = async (tx: Tx, invite: Invite, invitee: StagedInvitee): Promise<RowFault | undefined> => {
  await tx.query('savepoint invitee');
  const fault = await invite(tx, invitee).then(
    () => undefined,
    async (error: unknown) => {
      if (!isRefusal(error)) throw error;
      await tx.query('rollback to savepoint invitee');
      return faultOf(invitee.row, error);
    },
  );
  await tx.query('release savepoint invitee');
  return fault;
};

const faultsAt = (lines: readonly Line[], wrong: (line: Line) => boolean, column: string, code: string): RowFault[] =>
  lines.filter(wrong).map(({ row }) => ({ row, column, code }));

/** The two jobs of an upload of invitations: both send them one by one by the rules of a request, the first to undo it all. */
export const inviteeJobs = (dependencies: InviteeJobDependencies): readonly JobDefinition[] => {
  const { repository, work, files, validator, zones, inviting } = dependencies;
  const runs = createRuns(dependencies);
  const check = validator.compile(INVITEE_ROW);

  /** Everybody of the file whose row is right by itself, and what is wrong with the others. */
  const readFile = async (reader: Reader, all: readonly FileLine<InviteeRow>[], locale: Locale): Promise<Tried> => {
    const lines = all.filter((line): line is Line => line.values !== undefined);
    const zone = await zones.of(reader);
    const named = (column: 'department' | 'site') =>
      idsByCode(
        reader,
        column,
        lines.flatMap(({ values }) => values[column] ?? []),
      );
    const [departments, sites] = [await named('department'), await named('site')];
    const placeOf = ({ email, department }: Line['values']) =>
      JSON.stringify([email?.toLowerCase(), department?.toLowerCase()]);
    const alike = Map.groupBy(lines, ({ values }) => placeOf(values));
    const faults: RowFault[] = [
      ...all.flatMap((line) => line.faults),
      ...lines.flatMap(({ row, values, faults: broken }) =>
        check(values)
          .map(({ pointer, code, params }) => ({ row, column: pointer.slice(1), code, ...(params && { params }) }))
          .filter((fault) => !broken.some(({ column }) => column === fault.column)),
      ),
      ...faultsAt(lines, ({ values }) => alike.get(placeOf(values))!.length > 1, 'email', 'DUPLICATE_IN_FILE'),
      ...(['department', 'site'] as const).flatMap((column) => {
        const known = column === 'site' ? sites : departments;
        const isUnknown = ({ values }: Line): boolean =>
          values[column] !== undefined && !known.has(values[column].toLowerCase());
        return faultsAt(lines, isUnknown, column, 'UNKNOWN_REFERENCE');
      }),
    ];
    const faulty = new Set(faults.map(({ row }) => row));
    const sent = lines
      .filter(({ row }) => !faulty.has(row))
      .map(({ row, values }): StagedInvitee => {
        const { expires_on: last, department = '', site = '' } = values;
        return {
          row,
          email: values.email!.toLowerCase(),
          firstName: values.first_name!,
          lastName: values.last_name!,
          kind: values.kind ?? null,
          departmentId: departments.get(department.toLowerCase()) ?? null,
          siteId: sites.get(site.toLowerCase()) ?? null,
          expiresAt: last === undefined ? null : startOfDay(addDays(last, 1), zone).toISOString(),
          locale: values.language ?? locale,
          systemRole: values.role ?? null,
          features: [...new Set(values.features?.split(/ +/u))],
          attributes: values.pgy_level === undefined ? {} : { pgyLevel: Number(values.pgy_level) },
        };
      });
    return { sent, faults };
  };

  const inviteAll = async (
    tx: Tx,
    invite: Invite,
    people: readonly StagedInvitee[],
    progress: (done: number) => Promise<void> = () => Promise.resolve(),
  ): Promise<Tried> => {
    const [sent, faults]: [StagedInvitee[], RowFault[]] = [[], []];
    for (const person of people) {
      const fault = await attempt(tx, invite, person);
      if (fault === undefined) sent.push(person);
      else faults.push(fault);
      await progress(sent.length + faults.length);
    }
    return { sent, faults };
  };

  /** Invites as whoever uploaded, or committed, the file: their name stands in the change log. */
  const asProfile = async (scope: Scope, { by }: InvitePayload, via: string) => {
    const own: Scope = { ...scope, actor: { kind: 'profile', id: by, via } };
    const invite = await inviting.as(own, by);
    return { own, invite };
  };
  const GONE: RowFault = { row: 1, column: null, code: 'INVITER_GONE' };

  const dryRun = async (scope: Scope, payload: RehearsePayload, fileKey: string): Promise<void> => {
    const { uploadId, locale } = payload;
    const lines: FileLine<InviteeRow>[] = [];
    for await (const line of parseRows<InviteeRow>(await files.get(fileKey), SHEETS.invitations)) lines.push(line);
    const read = await work.read({ scope }, (reader) => readFile(reader, lines, locale));
    const { own, invite } = await asProfile(scope, payload, REHEARSE);
    const tried: Tried =
      invite === undefined
        ? { sent: [], faults: [GONE] }
        : await rehearse(work, own, (tx) => inviteAll(tx, invite, read.sent));
    await work.write({ scope }, async (tx) => {
      await noteFaults(tx, uploadId, [...read.faults, ...tried.faults]);
      await stageInvitees(tx, uploadId, tried.sent);
      const isWhole = !lines.some(({ isFatal }) => isFatal);
      await runs.settled(tx, scope, uploadId, { rows: lines.length, valid: tried.sent.length, isWhole });
    });
  };

  const commit = async (scope: Scope, payload: InvitePayload): Promise<void> => {
    const { uploadId } = payload;
    const { own, invite } = await asProfile(scope, payload, INVITE);
    if (invite === undefined) return runs.fail(scope, uploadId, [GONE]);
    let refused: readonly RowFault[] = [];
    try {
      await work.write({ scope: own }, async (tx) => {
        await tx.query(PATIENCE);
        await serialize(tx, `batch:${uploadId}`);
        const row = await repository.get(tx, uploadId);
        if (row.status !== 'committing') return;
        const people = await stagedInvitees(tx, uploadId);
        const { sent, faults } = await inviteAll(tx, invite, people, async (done) => {
          const percent = Math.min(99, Math.floor((100 * done) / people.length));
          if (done % 50 === 0) await work.write({ scope }, (other) => noteProgress(other, uploadId, percent));
        });
        refused = faults;
        if (faults.length > 0 && !row.partial) throw new Undone();
        await noteFaults(tx, uploadId, faults);
        const counts = { committedCount: sent.length, errorCount: row.errorCount + faults.length };
        await runs.committed(tx, own, uploadId, counts, 'finish');
      });
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
      await runs.fail(scope, uploadId, refused);
    }
  };

  return [runs.dryRunJob<RehearsePayload>(REHEARSE, dryRun), runs.commitJob<InvitePayload>(INVITE, commit)];
};

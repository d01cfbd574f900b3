import { createAzureStore } from '../../src/platform/storage/azure.ts';
import { serverSetting } from '../support/servers/settings.ts';
import { dayOf } from './commands.ts';
import type { Command } from './commands.ts';
import type { Hand } from './crew.ts';
import { compare, judgeMails, judgeTrail, together } from './judgement.ts';
import type { MailOutcome, Outcome, Trail } from './judgement.ts';
import type { Stage } from './stage.ts';
import { holdsWithin } from './waiting.ts';

const PATIENCE = 180_000;
/** However much gets done, it is over after this, ms. */
const MOST = 600_000;
const LOOK_EVERY = 200;

export const rowsOf = async <Row extends object>(
  { database }: Pick<Stage, 'database'>,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> => {
  const client = await database.superuser();
  const { rows } = await client.query<Row>(text, [...values]);
  await client.end();
  return rows;
};
const companiesOf = (commands: readonly Command[]): string[] => [
  ...new Set(commands.map(({ hand }) => hand.companyId)),
];

/**
 * Waits until no work of these companies is left. Answers what failed, and what waits after three minutes without an end in
 * sight, or after ten.
 */
export const settled = async (
  stage: Pick<Stage, 'database'>,
  companies: readonly string[],
  progress: (text: string) => void,
): Promise<readonly string[]> => {
  const client = await stage.database.superuser();
  let least = Infinity;
  let until = Date.now() + PATIENCE;
  let left: { what: string; waits: boolean }[] = [];
  try {
    const isSettled = async (): Promise<boolean> => {
      const { rows } = await client.query<(typeof left)[number]>(
        `select concat_ws(' ', 'job', job, state, last_error) as what, state = 'waiting' as waits
         from outbox where company_id = any($1) and state in ('waiting', 'failed')
         union all select 'change ' || change_id, true from change_pending where company_id = any($1)`,
        [companies],
      );
      left = rows;
      const waiting = rows.filter(({ waits }) => waits).length;
      if (waiting < least) until = Date.now() + PATIENCE;
      least = waiting;
      if (waiting > 0) progress(`${waiting} jobs and changes still wait`);
      return waiting === 0 || Date.now() > until;
    };
    await holdsWithin(isSettled, { most: MOST, every: LOOK_EVERY });
    return left.map(({ what }) => what);
  } finally {
    await client.end();
  }
};

/** Rows: each acknowledged one is there, once, under the id that was answered; the others once or, without a key, not at all. */
const leaveOutcome = async (stage: Stage, all: readonly Command[]): Promise<Outcome> => {
  const commands = all.filter(({ kind }) => kind === 'leave');
  const rows = await rowsOf<{ id: string; day: string }>(
    stage,
    `select id, starts_on::text as day from leave where company_id = any($1)`,
    [companiesOf(commands)],
  );
  const wanted = commands.filter(({ outcome, key }) => outcome === 'acknowledged' || key !== undefined);
  const days = new Set(commands.map(({ n }) => dayOf(n)));
  const ids = new Set(rows.map(({ id }) => id));
  return together(
    {
      lost: compare(
        wanted.map(({ n }) => dayOf(n)),
        rows.map(({ day }) => day),
        'leave of',
      ).lost,
      doubled: compare(
        days,
        rows.map(({ day }) => day),
        'leave of',
      ).doubled,
    },
    { lost: wanted.flatMap(({ id }) => (id === undefined || ids.has(id) ? [] : [`leave ${id}`])), doubled: [] },
  );
};

/** The trail: what was acknowledged, and each row that is there, left one change when it was made. */
const trailOutcome = async (stage: Stage, commands: readonly Command[]): Promise<Outcome> => {
  const companies = [companiesOf(commands)];
  const trails = await rowsOf<Trail>(
    stage,
    `select (select count(*) from change where company_id = one.id)::int as changes, count(s.seq)::int as seals,
       count(c.id)::int as pairs, min(s.seq)::int as first, max(s.seq)::int as last
     from unnest($1::uuid[]) one(id) left join change_seal s on s.company_id = one.id
     left join change c on c.company_id = one.id and c.id = s.change_id group by one.id`,
    companies,
  );
  const rows = await rowsOf<{ what: string }>(
    stage,
    `select 'leave.create ' || id as what from leave where company_id = any($1)
     union all select 'export_job.create ' || id from export_job where company_id = any($1)`,
    companies,
  );
  const changes = await rowsOf<{ what: string }>(
    stage,
    `select concat_ws(' ', action, entity_id) as what from change
     where company_id = any($1) and action in ('leave.create', 'export_job.create')`,
    companies,
  );
  const entities = { leave: 'leave', export: 'export_job' };
  const acknowledged = commands.flatMap(({ kind, id }) => (id === undefined ? [] : [`${entities[kind]}.create ${id}`]));
  const names = (found: readonly { what: string }[]): string[] => found.map(({ what }) => what);
  return judgeTrail(trails, [...acknowledged, ...names(rows)], names(changes));
};

/** Where the notice of an export leads. */
const linkOf = (id: string): string => `/admin/export/${id}`;

interface ExportRow {
  readonly id: string;
  readonly companyId: string;
  readonly status: string;
  readonly fileKey: string | null;
}

/** Exports: each is ready, with one file and one notice. */
const exportOutcome = async (stage: Stage, all: readonly Command[]): Promise<Outcome> => {
  const commands = all.filter(({ kind }) => kind === 'export');
  const companies = companiesOf(commands);
  const rows = await rowsOf<ExportRow>(
    stage,
    `select id, company_id as "companyId", status, file_key as "fileKey" from export_job where company_id = any($1)`,
    [companies],
  );
  const notices = await rowsOf<{ link: string }>(
    stage,
    `select link from notification where company_id = any($1) and type = 'export_ready'`,
    [companies],
  );
  const files: string[] = [];
  const store = await createAzureStore({
    connectionString: serverSetting('AZURE_STORAGE_CONNECTION_STRING'),
    container: 'angelis',
  });
  for (const companyId of companies) for await (const { key } of store.list(`exports/${companyId}/`)) files.push(key);
  const ids = commands.flatMap(({ id }) => id ?? []);
  const ready = rows.filter(({ status }) => status === 'ready');
  return together(
    { lost: [], doubled: rows.length > commands.length ? [`${rows.length} exports of ${commands.length}`] : [] },
    compare(
      ids,
      ready.map(({ id }) => id),
      'export',
    ),
    compare(
      ready.map(({ fileKey }) => fileKey ?? ''),
      files,
      'file',
    ),
    compare(
      ids.map(linkOf),
      notices.map(({ link }) => link),
      'notice',
    ),
  );
};

/** A notice that somebody is to get, as a mail too: by whom it is for and where it leads. */
export const noticeOf = ({ profileId }: Pick<Hand, 'profileId'>, link: string): string => `${link} for ${profileId}`;

/** All mails that these people got, by what was asked for; `mostCopies` of them may have come again. */
export const mailOutcome = async (
  stage: Stage,
  hands: readonly Hand[],
  asked: readonly string[],
  mostCopies: number,
): Promise<MailOutcome> => {
  const deliveries = await rowsOf<{ id: string; link: string; profileId: string }>(
    stage,
    `select d.id, n.link, n.profile_id as "profileId" from delivery d
     join notification n on n.company_id = d.company_id and n.id = d.notification_id
     where d.company_id = any($1) and d.channel = 'email'`,
    [[...new Set(hands.map(({ companyId }) => companyId))]],
  );
  const host = new URL(stage.settings.PUBLIC_URL).hostname;
  const addresses = new Set(hands.map(({ email }) => email));
  return judgeMails({
    asked,
    deliveries: deliveries.map(({ id, link, profileId }) => ({
      notice: noticeOf({ profileId }, link),
      messageId: `${id}@${host}`,
    })),
    taken: stage.mail.taken.flatMap(({ to, messageId }) => (addresses.has(to) ? [messageId] : [])),
    mostCopies,
  });
};

/** All that these commands of these people were to bring about; `mostCopies` of their mails may have come again. */
export const wholeOutcome = async (
  stage: Stage,
  hands: readonly Hand[],
  commands: readonly Command[],
  mostCopies: number,
): Promise<MailOutcome> => {
  const asked = commands.flatMap(({ kind, hand, id }) =>
    kind === 'export' && id !== undefined ? [noticeOf(hand, linkOf(id))] : [],
  );
  const mails = await mailOutcome(stage, hands, asked, mostCopies);
  return {
    ...mails,
    ...together(
      await leaveOutcome(stage, commands),
      await trailOutcome(stage, commands),
      await exportOutcome(stage, commands),
      mails,
    ),
  };
};

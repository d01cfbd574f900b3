import { setTimeout as sleep } from 'node:timers/promises';
import { createAzureStore } from '../../src/platform/storage/azure.ts';
import { serverSetting } from '../support/servers/settings.ts';
import { dayOf } from './commands.ts';
import type { Command } from './commands.ts';
import type { Stage } from './stage.ts';

/** What there is of what was asked for: ids, or days, of which something is missing or there too often. */
export interface Outcome {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

/** Mails, by their Message-IDs. */
export interface MailOutcome extends Outcome {
  /** How many came more than once, under one Message-ID; at most `cut` may. */
  readonly copies: number;
  /** How many sends were begun and not brought to their end. */
  readonly cut: number;
}

const PATIENCE = 180_000;
const LOOK_EVERY = 200;

const times = <T>(items: Iterable<T>): Map<T, number> => {
  const found = new Map<T, number>();
  for (const item of items) found.set(item, (found.get(item) ?? 0) + 1);
  return found;
};
/** Everything that is wanted must be there once. */
export const compare = (wanted: Iterable<string>, found: Iterable<string>, what: string): Outcome => {
  const counts = times(found);
  const ids = new Set(wanted);
  return {
    lost: [...ids].filter((id) => !counts.has(id)).map((id) => `${what} ${id}`),
    doubled: [...counts].filter(([id, count]) => count > 1 || !ids.has(id)).map(([id]) => `${what} ${id}`),
  };
};
const together = (...outcomes: readonly Outcome[]): Outcome => ({
  lost: outcomes.flatMap(({ lost }) => lost),
  doubled: outcomes.flatMap(({ doubled }) => doubled),
});

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

/** Waits until no work of these companies is left; answers what waits after three minutes without an end in sight. */
export const settled = async (
  stage: Pick<Stage, 'database'>,
  companies: readonly string[],
  progress: (text: string) => void,
): Promise<number> => {
  const client = await stage.database.superuser();
  let left = Infinity;
  let until = Date.now() + PATIENCE;
  try {
    for (;;) {
      const { rows } = await client.query<{ n: number }>(
        `select (select count(*) from outbox where company_id = any($1) and state = 'waiting')::int
           + (select count(*) from change_pending where company_id = any($1))::int as n`,
        [companies],
      );
      const { n } = rows[0]!;
      if (n < left) until = Date.now() + PATIENCE;
      left = n;
      if (left === 0 || Date.now() > until) return left;
      progress(`${left} jobs and changes still wait`);
      await sleep(LOOK_EVERY);
    }
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

/** The trail: each change has one number, and no number is missing. */
const trailOutcome = async (stage: Stage, commands: readonly Command[]): Promise<Outcome> => {
  const rows = await rowsOf<{ changes: number; seals: number; first: number; last: number }>(
    stage,
    `select (select count(*) from change c where c.company_id = id)::int as changes, count(*)::int as seals,
       min(seq)::int as first, max(seq)::int as last
     from unnest($1::uuid[]) id join change_seal s on s.company_id = id group by id`,
    [companiesOf(commands)],
  );
  const short = rows.filter(({ changes, seals, first, last }) => seals < changes || first !== 1 || last !== seals);
  return { lost: short.map((row) => `trail ${JSON.stringify(row)}`), doubled: [] };
};

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
      ids.map((id) => `/admin/export/${id}`),
      notices.map(({ link }) => link),
      'notice',
    ),
  );
};

/** Mails of these companies: each that was to go was taken, under the Message-ID of its delivery. */
export const mailOutcome = async (stage: Stage, companies: readonly string[]): Promise<MailOutcome> => {
  const deliveries = await rowsOf<{ id: string; attempts: number }>(
    stage,
    `select id, attempts from delivery where company_id = any($1) and channel = 'email'`,
    [companies],
  );
  const host = new URL(stage.settings.PUBLIC_URL).hostname;
  const wanted = new Set(deliveries.map(({ id }) => `${id}@${host}`));
  const taken = stage.mail.taken.filter((id) => wanted.has(id));
  return {
    ...compare(wanted, new Set(taken), 'mail'),
    copies: taken.length - new Set(taken).size,
    cut: deliveries.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0),
  };
};

/** All that these commands were to bring about. */
export const wholeOutcome = async (stage: Stage, commands: readonly Command[]): Promise<Outcome> =>
  together(
    await leaveOutcome(stage, commands),
    await trailOutcome(stage, commands),
    await exportOutcome(stage, commands),
  );

// The bench itself, on the PostgreSQL that main.ts has started: what Angelis takes, beside what others take for the same in the same run.
// docs/performance.md tells what each figure means.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { cloneDatabase } from '../support/database.ts';
import { superuserUrl } from '../support/template.ts';
import { batch } from './batch.ts';
import { command } from './command.ts';
import { splitCores } from './cores.ts';
import { csv } from './csv.ts';
import { FULL, loadData, loadOn, SMALL } from './data.ts';
import { http } from './http.ts';
import type { Place } from './place.ts';
import { ingest } from './ingest.ts';
import { jobs } from './jobs.ts';
import { timed } from './measure.ts';
import type { Row } from './measure.ts';
import { readOptions } from './options.ts';
import type { Part } from './options.ts';
import { measurePages, pages } from './pages.ts';
import { pdf } from './pdf.ts';
import { permission } from './permission.ts';
import { reads } from './reads.ts';
import { signIn } from './sign-in.ts';
import { startUp } from './start.ts';
import { streams } from './streams.ts';
import { writes } from './writes.ts';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const short = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const line = ({ work, baseline, value, unit, ratio, reach, ok, spread, rounds }: Row): string =>
  `| ${[
    work,
    baseline,
    `${short(value)} ${unit}`,
    rounds === 1 ? '–' : `${short(spread[0])} to ${short(spread[1])} of ${rounds}`,
    ratio === null ? '–' : `${ratio.toFixed(2)}×`,
    reach,
    ok === null ? '' : ok ? 'yes' : '**no**',
  ].join(' | ')} |`;

/** Libraries of the baselines. */
const BESIDE = ['fastify', 'express', 'sequelize', 'pg', 'csv-stringify', 'pdfkit'];
const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;

const measures: Readonly<Record<Part, (place: Place) => Promise<Row[]> | Row[]>> = {
  http,
  pages,
  reads,
  commands: command,
  writes,
  csv,
  pdf,
  start: startUp,
  jobs,
  streams,
  permissions: permission,
  'sign-in': signIn,
  ingest,
  batch,
};

const { full, parts, json } = readOptions(process.argv.slice(2));
const database = await cloneDatabase();
try {
  const client = await database.superuser();
  const scale = full ? FULL : SMALL;
  say(
    `Loading ${scale.companies} companies, ${scale.profiles.toLocaleString('en')} people, ${scale.requirements.toLocaleString('en')} tests …`,
  );
  await loadData(() => database.superuser(), scale, say);
  const { rows: companies } = await client.query<{ id: string }>('select id from bench_company order by people desc');
  const cores = await splitCores();
  const { rows: versions } = await client.query<{ server_version: string }>('show server_version');
  const loaded: Place = {
    database: database.name,
    superuserUrl: superuserUrl(database.name),
    client,
    companyId: companies[0]!.id,
    medianId: companies[companies.length >> 1]!.id,
    cores,
    seconds: full ? 5 : 1,
    rounds: full ? 7 : 3,
    streams: full ? 10_000 : 2_000,
    results: full ? 20_000 : 4_000,
    uploaded: full ? 100_000 : 20_000,
    full,
  };
  let place = loaded;
  if (scale.first !== undefined && parts.includes('pages')) {
    say(`Measuring pages at ${scale.first.toLocaleString('en')} tests …`);
    place = { ...loaded, before: { tests: scale.first, times: await measurePages(loaded) } };
  }
  await loadOn(() => database.superuser(), scale, say);
  const rows: Row[] = [];
  const failed: { part: Part; error: string }[] = [];
  for (const name of parts) {
    say(`Measuring ${name} …`);
    const took = await timed(async () => {
      try {
        rows.push(...(await measures[name](place)));
      } catch (error) {
        failed.push({ part: name, error: String(error) });
        say(`  it failed, the other parts are measured: ${String(error)}`);
      }
    });
    say(`  ${(took / 1_000).toFixed(0)} s`);
  }
  const machine = {
    processor: cpus()[0]?.model,
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    beside: BESIDE.map((name) => `${name} ${versionOf(name)}`).join(', '),
    postgresql: `${versions[0]!.server_version}, ${full ? 'each commit on the disk' : 'in memory'}`,
    placed:
      cores === undefined
        ? 'servers and load on the same cores'
        : `servers and PostgreSQL on ${cores.servers}, load on ${cores.load}`,
  };
  process.stdout.write(
    `${Object.entries(machine)
      .map(([key, value]) => `${key} ${value}`)
      .join(
        ' · ',
      )}\n\n| Work | Baseline | Median | Spread | Ratio | Reach | ok |\n|---|---|---|---|---|---|---|\n${rows.map(line).join('\n')}\n`,
  );
  for (const { part, error } of failed) process.stdout.write(`\n**${part} failed**: ${error}\n`);
  if (failed.length > 0) process.exitCode = 1;
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ machine, rows, failed }, null, 2)}\n`);
} finally {
  await database.drop();
}

import type pg from 'pg';

/** How much data the figures stand on. */
export interface Scale {
  readonly companies: number;
  readonly profiles: number;
  /** Required tests over the last year, each with what became of it. */
  readonly requirements: number;
  /** With how many of them pages are measured before the others are loaded. */
  readonly first?: number;
}

export const SMALL: Scale = { companies: 200, profiles: 100_000, requirements: 1_000_000 };
export const FULL: Scale = { companies: 200, profiles: 1_000_000, requirements: 5_000_000, first: 1_000_000 };

/** Part of everything that the largest company has. */
const HUGE = 0.3;

/** An id of the millisecond `ms`, the same in every run: `kind` keeps those of two tables apart. */
const idOf = (kind: string, ms: string, number: string): string =>
  `(lpad(to_hex((${ms})::bigint), 12, '0') || '7' || overlay(substr(md5('${kind}' || ${number}), 1, 18) placing '8' from 4 for 0))::uuid`;
const id = (kind: string, number: string): string => idOf(kind, `1700000000000 + ${number}`, number);

/** Companies with the number of the first of their people and how many they have: one has 30 %, the rest thin out. */
const COMPANIES = `
  create table bench_company as
  with part as (
    select i, case when i = 0 then $3::float8 else (1 - $3::float8) / (i + 5.0) / sum(case when i = 0 then 0 else 1 / (i + 5.0) end) over () end as share
    from generate_series(0, $1::int - 1) i)
  select i, ${id('company', 'i')} as id, ${id('site', 'i * 2')} as site_a, ${id('site', 'i * 2 + 1')} as site_b,
    (last - first)::int as people, first::int
  from (select i, coalesce(lag(last) over (order by i), 0) as first, last
    from (select i, round(sum(share) over (order by i) * $2::int) as last from part) p) p`;

const FIRST_NAMES = `'{Ana,Luis,María,Pedro,Rosa,Juan,Camila,Diego,Sofía,Jorge,Elena,Tomás,Laura,Hugo,Inés,Raúl,Nadia,Omar,Paula,Iván}'::text[]`;
const LAST_NAMES = `'{Rojas,García,Muñoz,Soto,Díaz,Silva,Pérez,Núñez,Vega,Tapia,Reyes,Castro,Pizarro,Fuentes,Araya,Godoy,Lagos,Mella,Ibáñez,Quiroga,Bravo,Cortés,Duarte,Espinoza,Figueroa}'::text[]`;

/** One statement each; rows are those that a year of work leaves, written past triggers and row level security. */
const PEOPLE: readonly [string, string, string, string, string, string, string] = [
  `insert into company (id, slug, name, kind, timezone, locale, status, created_at, updated_at)
   select id, 'bench-' || i, 'Company ' || i, 'standard', 'America/Santiago', 'es', 'active', now(), now() from bench_company`,
  `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at)
   select id, site_a, '/' || site_a || '/', 1, 'A', 'Rajo', 'America/Santiago', now(), now() from bench_company
   union all select id, site_b, '/' || site_b || '/', 1, 'B', 'Planta', 'America/Lima', now(), now() from bench_company`,
  `insert into department (company_id, id, path, depth, code, name, created_at, updated_at)
   select id, site_a, '/' || site_a || '/', 1, 'MINA', 'Mina', now(), now() from bench_company
   union all select id, site_b, '/' || site_b || '/', 1, 'PLANTA', 'Planta', now(), now() from bench_company`,
  `create table bench_profile as
   select c.id as company_id, ${id('profile', 'n')} as id, n, case when n % 2 = 0 then c.site_a else c.site_b end as site_id,
     (${FIRST_NAMES})[1 + n % 20] as first_name,
     (${LAST_NAMES})[1 + (n / 7) % 25] || ' ' || substr(md5(n::text), 1, 6) as last_name
   from bench_company c, generate_series(c.first, c.first + c.people - 1) n`,
  `insert into profile (company_id, id, first_name, last_name, national_id_kind, national_id_hash, contact_email, contact_phone,
     employee_number, kind, site_id, department_id, status, created_at, updated_at)
   select company_id, id, first_name, last_name, 'RUT', 'bench.' || md5(n::text), 'worker' || n || '@example.cl',
     '+569' || lpad((n * 97)::text, 8, '0'), 'E' || n, 'employee', site_id, site_id, 'active',
     now() - n * interval '1 second', now() from bench_profile`,
  `insert into reporting_line (company_id, id, superior_id, subordinate_id, starts_on, created_at, updated_at)
   select l.company_id, ${id('line', 'l.n')}, ${id('profile', 'c.first + (l.n - c.first) / 25')}, l.id, current_date - 400, now(), now()
   from bench_profile l join bench_company c on c.id = l.company_id where c.i = 0 and l.n >= c.first + 25`,
  `insert into search_token (company_id, kind, token, entity_id, place, letters)
   select company_id, 'profile', word, id, last_name, app.letters(words) from bench_profile,
     lateral (select string_to_array(translate(lower(first_name || ' ' || last_name || ' E' || n), 'áéíóúñ', 'aeioun'), ' ') as words) w,
     unnest(words) word
   on conflict do nothing`,
];

const LARGEST = 'select id from bench_company order by people desc limit 1';
const PARTITIONS = `select app.ensure_partitions('test_result', current_date - 400, current_date + 62)`;

/** Shifts of a hundred people of each company, seven days on and seven off: of five years in the largest, of the last two days in all others. */
const shifts = (largest: string): string => `
  insert into shift (company_id, id, assignment_id, profile_id, project_id, work_date, kind, source, timezone, starts_at, ends_at,
    status, created_at, updated_at)
  select p.company_id, ${id('shift', `p.n * 2000::bigint + d.back`)}, p.id, p.id, p.site_id, d.day,
    case when p.n % 3 = 0 then 'night' else 'day' end, 'pattern', 'America/Santiago', d.at, d.at + interval '12 hours',
    case when d.back > 1 then 'done' when d.back < 0 then 'planned' else 'started' end, d.at, d.at
  from bench_profile p join bench_company c on c.id = p.company_id,
    lateral (select back, current_date - back as day, (current_date - back)::timestamptz + interval '8 hours' + p.n % 3 * interval '4 hours' as at
      from generate_series(-1, case when p.company_id = '${largest}' then 5 * 365 else 1 end) back) d
  where (d.back + p.n) % 14 < 7 and p.n - c.first < 100`;

/** Tests `from` (included) to `to`, each with its result,: in a company of any size, and at any number, those of each site lie on all days of a year. */
const tests = ({ requirements, profiles }: Scale, from: number, to: number): readonly [string, string, string] => {
  const apart = Math.max(1, Math.floor((365 * profiles) / requirements));
  const rows = `generate_series(${from}, ${to} - 1) r join bench_profile p on p.n = r % ${profiles},
     lateral (select current_date - 1 - (r % ${profiles} * 7 + r / ${profiles} * ${apart}) % 365 as day) s,
     lateral (select s.day, s.day::timestamptz + interval '11 hours' as due) d`;
  const done = `d.due - interval '10 minutes'`;
  return [
    `insert into requirement (company_id, id, profile_id, shift_date, site_id, kind, definition_code, window_from, due_at, grace_until, miss_at, terms,
     status, high_risk, level, attempts, done_at, created_at, updated_at)
   select p.company_id, ${id('requirement', 'r')}, p.id, d.day, p.site_id,
     'pre_shift', 'reaction', d.due - interval '1 hour', d.due, d.due + interval '30 minutes', d.due + interval '12 hours',
     '{"supervisorHours": 4, "reviewOneIn": 10, "deviceSilentMinutes": 60}',
     (array['done_on_time', 'done_on_time', 'done_on_time', 'done_on_time', 'done_on_time', 'done_on_time', 'done_late', 'missed', 'excused', 'done_on_time'])[1 + r % 10],
     false, case when r % 10 = 7 then null else 'green' end, 1, ${done}, d.due, d.due
   from ${rows}`,
    `insert into test_result (company_id, id, profile_id, source, external_id, definition_code, definition_version, taken_at, received_at,
     device_state, metrics_sealed, quality_flags, arrival_flags, requirement_id, supervised, practice, attempt, attempt_no, level, action,
     opens_case, escalates, high_risk, rule_version, reasons, created_at)
   select p.company_id, ${idOf('result', `extract(epoch from ${done}) * 1000`, 'r')}, p.id, 'SAFER', r::text, 'reaction', 1, ${done}, ${done},
     'qualified', repeat('x', 160), '{}', '{}', ${id('requirement', 'r')}, false, false, 'first', 1, 'green', 'none',
     false, false, false, '1', '{}', ${done}
   from ${rows}`,
    `insert into compliance_mark (company_id, shift_date, id)
   select company_id, shift_date, gen_random_uuid() from (select distinct company_id, shift_date from requirement) d`,
  ];
};

/** Statements in their order, and the tables that they fill. */
interface Chain {
  readonly fills: readonly string[];
  readonly texts: readonly string[];
}

/** Indexes of tables $1 that are made once over all rows: half of the time of keeping them row by row. */
const INDEXES = `select indrelid::regclass::text as of, indexrelid::regclass::text as name,
    replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as text
  from pg_index where indrelid = any($1::regclass[]) and not indisunique and not indisexclusion`;

/** Runs all chains, as many side by side as there are processors to write with, and says how long each statement took. */
const run = async (
  open: () => Promise<pg.Client>,
  chains: readonly Chain[],
  say: (text: string) => void,
): Promise<void> => {
  const clients = [await open(), await open()];
  const begun = performance.now();
  try {
    for (const client of clients)
      await client.query(`set session_replication_role = replica; set maintenance_work_mem = '512MB'`);
    const tables = chains.flatMap(({ fills }) => fills);
    const { rows: indexes } = await clients[0]!.query<{ of: string; name: string; text: string }>(INDEXES, [tables]);
    for (const { name } of indexes) await clients[0]!.query(`drop index ${name}`);
    const waiting = chains.map(({ fills, texts }) => [
      ...texts,
      ...indexes.filter(({ of }) => fills.includes(of)).map(({ text }) => text),
      `vacuum analyze ${fills.join(', ')}`,
    ]);
    const one = async (client: pg.Client, text: string): Promise<void> => {
      const before = performance.now();
      const { rowCount } = await client.query(text);
      if (rowCount === null || rowCount === 0) return;
      const took = ((performance.now() - before) / 1000).toFixed(1);
      say(`  ${rowCount.toLocaleString('en')} rows in ${took} s: ${text.trim().split('\n')[0]!.slice(0, 50)} …`);
    };
    await Promise.all(
      clients.map(async (client) => {
        for (let texts = waiting.shift(); texts !== undefined; texts = waiting.shift())
          for (const text of texts) await one(client, text);
      }),
    );
    say(`  with indexes and statistics after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  } finally {
    for (const client of clients) await client.end();
  }
};

/** Tests of so many people, and what became of them, longest first. */
const chainsOf = ([requirement, result, mark]: readonly [string, string, string]): readonly Chain[] => [
  { fills: ['requirement', 'compliance_mark'], texts: [requirement, mark] },
  { fills: ['test_result'], texts: [result] },
];

/** Fills an empty, migrated database with people and their first tests. Clients of `open` pass row level security. */
export const loadData = async (
  open: () => Promise<pg.Client>,
  scale: Scale,
  say: (text: string) => void,
): Promise<void> => {
  const client = await open();
  const [company, site, department, people, profile, line, token] = PEOPLE;
  await client.query(
    COMPANIES.replaceAll('$1', String(scale.companies))
      .replaceAll('$2', String(scale.profiles))
      .replaceAll('$3', String(HUGE)),
  );
  const { rows } = await client.query<{ id: string }>(LARGEST);
  for (const text of [PARTITIONS, people, 'analyze bench_profile']) await client.query(text);
  await client.end();
  await run(
    open,
    [
      ...chainsOf(tests(scale, 0, scale.first ?? scale.requirements)),
      { fills: ['shift'], texts: [shifts(rows[0]!.id)] },
      { fills: ['search_token'], texts: [token] },
      {
        fills: ['company', 'site', 'department', 'profile', 'reporting_line'],
        texts: [company, site, department, profile, line],
      },
    ],
    say,
  );
};

/** Adds the others. */
export const loadOn = async (
  open: () => Promise<pg.Client>,
  scale: Scale,
  say: (text: string) => void,
): Promise<void> => {
  if (scale.first !== undefined) await run(open, chainsOf(tests(scale, scale.first, scale.requirements)), say);
};

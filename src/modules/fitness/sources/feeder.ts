import pg from 'pg';

/** A row of SaferApp, as a device writes it; times are UTC. */
export interface SaferRow {
  readonly companyCode: string;
  readonly personCode: string;
  readonly testCode: string;
  readonly deviceSerial: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly supervised: boolean;
  readonly practice: boolean;
  readonly falseStarts: number;
  /** Response times in ms, null for none; text is written as it is. */
  readonly trials: readonly (number | null)[] | string;
  readonly flags: string | null;
  readonly kss: number | null;
  readonly sleep24h: number | null;
  readonly sleep48h: number | null;
  readonly awakeHours: number | null;
}

/** A row of Fit2000; lengths in mm, latency in ms, velocity in mm/s. */
export interface Fit2000Row {
  readonly companyCode: string;
  readonly subjectCode: string;
  readonly deviceSerial: string | null;
  readonly testedAt: Date;
  readonly pupilDiameter: number | null;
  readonly constrictionAmplitude: number | null;
  readonly constrictionLatency: number | null;
  readonly saccadicVelocity: number | null;
  readonly risk: string;
  readonly quality: number | null;
}

/** Writes into the sources of embedded mode, as their devices would: for the demo, `angelis simulate` and tests. */
export interface SourceFeeder {
  /** Answers the new ids, in the order of the rows. */
  safer(rows: readonly SaferRow[]): Promise<number[]>;
  fit2000(rows: readonly Fit2000Row[]): Promise<number[]>;
  close(): Promise<void>;
}

const SAFER = `insert into dbo."TestResults" ("CompanyCode", "PersonCode", "TestCode", "DeviceSerial", "StartedAtUtc",
    "FinishedAtUtc", "Supervised", "Practice", "FalseStarts", "TrialsMs", "Flags", "Kss", "Sleep24h", "Sleep48h", "AwakeHours")
  select "companyCode", "personCode", "testCode", "deviceSerial", "startedAt", "finishedAt", supervised, practice,
    "falseStarts", trials, flags, kss, "sleep24h", "sleep48h", "awakeHours"
  from jsonb_to_recordset($1) as r(n integer, "companyCode" text, "personCode" text, "testCode" text, "deviceSerial" text,
    "startedAt" timestamp, "finishedAt" timestamp, supervised boolean, practice boolean, "falseStarts" integer, trials text,
    flags text, kss smallint, "sleep24h" decimal, "sleep48h" decimal, "awakeHours" decimal)
  order by n returning "Id"::text as id`;

const FIT2000 = `insert into fit_tests (company_code, subject_code, device_serial, tested_at, pupil_diameter_mm,
    constriction_amplitude_mm, constriction_latency_ms, saccadic_velocity_mm_s, risk, quality)
  select "companyCode", "subjectCode", "deviceSerial", "testedAt", "pupilDiameter", "constrictionAmplitude",
    "constrictionLatency", "saccadicVelocity", risk, quality
  from jsonb_to_recordset($1) as r(n integer, "companyCode" text, "subjectCode" text, "deviceSerial" text,
    "testedAt" timestamp, "pupilDiameter" decimal, "constrictionAmplitude" decimal, "constrictionLatency" decimal,
    "saccadicVelocity" decimal, risk text, quality smallint)
  order by n returning id::text as id`;

/** UTC without a zone, whatever the zone of this process. */
const utc = (at: Date): string => at.toISOString().replace('Z', '');

/** A feeder over the writers' URLs that `prepareEmbeddedSources` gave. */
export const createSourceFeeder = (urls: { readonly safer: string; readonly fit2000: string }): SourceFeeder => {
  const pool = (connectionString: string) => {
    const made = new pg.Pool({
      connectionString,
      max: 1,
      application_name: 'angelis device',
      idleTimeoutMillis: 10_000,
    });
    // A connection that breaks while it rests is replaced at the next row; the row's own query tells when it cannot be.
    made.on('error', () => undefined);
    return made;
  };
  const [safer, fit2000] = [pool(urls.safer), pool(urls.fit2000)];
  const insert = async (into: pg.Pool, text: string, rows: readonly object[]): Promise<number[]> => {
    const numbered = rows.map((row, n) => ({ ...row, n }));
    const result = await into.query<{ id: string }>(text, [JSON.stringify(numbered)]);
    return result.rows.map(({ id }) => Number(id));
  };
  return {
    safer: (rows) =>
      insert(
        safer,
        SAFER,
        rows.map((row) => ({
          ...row,
          startedAt: utc(row.startedAt),
          finishedAt: utc(row.finishedAt),
          trials: typeof row.trials === 'string' ? row.trials : JSON.stringify(row.trials),
        })),
      ),
    fit2000: (rows) =>
      insert(
        fit2000,
        FIT2000,
        rows.map((row) => ({ ...row, testedAt: utc(row.testedAt) })),
      ),
    close: async () => {
      await Promise.all([safer.end(), fit2000.end()]);
    },
  };
};

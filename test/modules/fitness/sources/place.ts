import { DEFAULT_FIT2000_MAPPING, DEFAULT_SAFER_MAPPING } from '../../../../src/modules/fitness/sources/mapping.ts';
import type { Fit2000Mapping, SaferMapping } from '../../../../src/modules/fitness/sources/mapping.ts';
import type { Fit2000Row, SaferRow } from '../../../../src/modules/fitness/sources/feeder.ts';
import { fit2000Rows, saferRows } from '../../../../src/modules/fitness/sources/rows.ts';
import type { RowReader } from '../../../../src/modules/fitness/sources/rows.ts';
import { fit2000Row, saferRow } from '../../../support/sources.ts';

export type SourceName = 'SAFER' | 'FIT2000';
export type Value = string | number | boolean | null;
/** A row under the names of its columns; instants are UTC, as text without a zone. */
export type PlacedRow = Readonly<Record<string, Value>>;

/** A source on some server, with the means to disturb it. */
export interface SourcePlace {
  /** URLs of a user that may only read, and of one that may write. */
  readonly readUrl: string;
  readonly writeUrl: string;
  readonly mapping: SaferMapping | Fit2000Mapping;
  add(rows: readonly PlacedRow[]): Promise<void>;
  /** Takes the table away, or puts it back. */
  hide(hidden: boolean): Promise<void>;
  /** Lets every read of the table wait. Answers what lets them go on. */
  hold(): Promise<() => Promise<void>>;
  /** Reads that wait. */
  waiting(): Promise<number>;
  /** Connections of the reader. */
  connections(): Promise<number>;
  /** Ends the reader's connections, whatever they are doing. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

const text = (at: Date): string => at.toISOString().replace('Z', '');

const saferColumns = (id: number, row: SaferRow): PlacedRow => ({
  Id: id,
  CompanyCode: row.companyCode,
  PersonCode: row.personCode,
  TestCode: row.testCode,
  DeviceSerial: row.deviceSerial,
  StartedAtUtc: text(row.startedAt),
  FinishedAtUtc: text(row.finishedAt),
  Supervised: row.supervised,
  Practice: row.practice,
  FalseStarts: row.falseStarts,
  TrialsMs: typeof row.trials === 'string' ? row.trials : JSON.stringify(row.trials),
  Flags: row.flags,
  Kss: row.kss,
  Sleep24h: row.sleep24h,
  Sleep48h: row.sleep48h,
  AwakeHours: row.awakeHours,
});

const fit2000Columns = (id: number, row: Fit2000Row): PlacedRow => ({
  id,
  company_code: row.companyCode,
  subject_code: row.subjectCode,
  device_serial: row.deviceSerial,
  tested_at: text(row.testedAt),
  pupil_diameter_mm: row.pupilDiameter,
  constriction_amplitude_mm: row.constrictionAmplitude,
  constriction_latency_ms: row.constrictionLatency,
  saccadic_velocity_mm_s: row.saccadicVelocity,
  risk: row.risk,
  quality: row.quality,
});

/** A source, and how its rows are made and read. */
export interface SourceKind {
  readonly source: SourceName;
  readonly mapping: SaferMapping | Fit2000Mapping;
  readonly read: RowReader;
  /** A good row of a person at an instant; `bare` leaves out all that may be. */
  row(id: number, company: string, person: string, at: Date, bare?: boolean): PlacedRow;
  /** A column that the mapping may do without, and its canonical name. */
  readonly optional: readonly [column: string, name: string];
}

export const KINDS: Readonly<Record<SourceName, SourceKind>> = {
  SAFER: {
    source: 'SAFER',
    mapping: DEFAULT_SAFER_MAPPING,
    read: saferRows(DEFAULT_SAFER_MAPPING),
    row: (id, company, person, at, bare = false) => {
      const none = { flags: null, kss: null, sleep24h: null, sleep48h: null, awakeHours: null };
      const full = { deviceSerial: 'K-1', flags: 'TIMING', supervised: true };
      return saferColumns(id, saferRow(company, person, at, bare ? { ...none, supervised: false } : full));
    },
    optional: ['Kss', 'kss'],
  },
  FIT2000: {
    source: 'FIT2000',
    mapping: DEFAULT_FIT2000_MAPPING,
    read: fit2000Rows(DEFAULT_FIT2000_MAPPING),
    row: (id, company, person, at, bare = false) => {
      const none = {
        pupilDiameter: null,
        constrictionAmplitude: null,
        constrictionLatency: null,
        saccadicVelocity: null,
        quality: null,
      };
      return fit2000Columns(id, fit2000Row(company, person, at, bare ? none : { deviceSerial: 'F-1', risk: 'HIGH' }));
    },
    optional: ['quality', 'quality'],
  },
};

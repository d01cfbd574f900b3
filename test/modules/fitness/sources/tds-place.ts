import { startTdsServer } from '../../../support/tds/server.ts';
import type { TdsServer, TdsServerOptions } from '../../../support/tds/server.ts';
import type { TestTable } from '../../../support/tds/sql.ts';
import type { SourceKind, SourceName, SourcePlace } from './place.ts';

/** The tables as SQL Server has them. */
const COLUMNS: Readonly<Record<SourceName, TestTable['columns']>> = {
  SAFER: {
    Id: 'bigint not null',
    CompanyCode: 'nvarchar(64)',
    PersonCode: 'nvarchar(64)',
    TestCode: 'varchar(32)',
    DeviceSerial: 'nvarchar(64)',
    StartedAtUtc: 'datetime2(3)',
    FinishedAtUtc: 'datetime2(7)',
    Supervised: 'bit not null',
    Practice: 'bit',
    FalseStarts: 'int not null',
    TrialsMs: 'nvarchar(max)',
    Flags: 'nvarchar(200)',
    Kss: 'tinyint',
    Sleep24h: 'decimal(4,1)',
    Sleep48h: 'decimal(4,1)',
    AwakeHours: 'decimal(4,1)',
  },
  FIT2000: {
    id: 'bigint not null',
    company_code: 'nvarchar(64)',
    subject_code: 'nvarchar(64)',
    device_serial: 'varchar(64)',
    tested_at: 'datetime2(3)',
    pupil_diameter_mm: 'decimal(6,3)',
    constriction_amplitude_mm: 'float',
    constriction_latency_ms: 'decimal(7,2)',
    saccadic_velocity_mm_s: 'real',
    risk: 'varchar(8)',
    quality: 'smallint',
  },
};

export interface TdsPlace extends SourcePlace {
  readonly server: TdsServer;
}

const PASSWORD = 'a p@ss/word:ñ?';

/** A source on a server of TDS that this process runs. */
export const openTdsPlace = async (
  { source, mapping }: SourceKind,
  certificate?: TdsServerOptions['certificate'],
): Promise<TdsPlace> => {
  const name = mapping.table.includes('.') ? mapping.table : `dbo.${mapping.table}`;
  const table: TestTable = { columns: COLUMNS[source], rows: [] };
  const tables = new Map([[name, table]]);
  const server = await startTdsServer({
    holdings: { tables, rights: new Map([['writer', ['INSERT', 'UPDATE']]]) },
    passwords: new Map(['reader', 'writer'].map((user) => [user, PASSWORD])),
    ...(certificate && { certificate }),
  });
  const url = (user: string): string => {
    const made = new URL(`mssql://127.0.0.1:${server.port}/Safer?encrypt=${certificate !== undefined}`);
    made.username = user;
    made.password = encodeURIComponent(PASSWORD);
    return made.href;
  };
  return {
    server,
    readUrl: url('reader'),
    writeUrl: url('writer'),
    mapping,
    add: async (rows) => {
      table.rows.push(...rows);
      await Promise.resolve();
    },
    hide: async (hidden) => {
      if (hidden) tables.delete(name);
      else tables.set(name, table);
      await Promise.resolve();
    },
    hold: async () => {
      server.fault = 'hang';
      return Promise.resolve(async () => {
        server.release();
        await Promise.resolve();
      });
    },
    waiting: async () => Promise.resolve(server.waiting()),
    connections: async () => Promise.resolve(server.connections()),
    cut: async () => {
      server.cut();
      await Promise.resolve();
    },
    close: () => server.close(),
  };
};

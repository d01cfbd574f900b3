import { randomUUID } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { serverSetting } from '../../../support/servers/settings.ts';
import type { SourceKind, SourceName, SourcePlace } from './place.ts';

/** The tables as MySQL and MariaDB have them. */
const TABLES: Readonly<Record<SourceName, string>> = {
  FIT2000: `create table fit_tests (
    id bigint not null auto_increment primary key,
    company_code varchar(64) not null,
    subject_code varchar(64) not null,
    device_serial varchar(64),
    tested_at datetime(3) not null,
    pupil_diameter_mm decimal(6, 3),
    constriction_amplitude_mm decimal(6, 3),
    constriction_latency_ms decimal(7, 2),
    saccadic_velocity_mm_s decimal(7, 2),
    risk enum('LOW', 'HIGH') not null,
    quality tinyint unsigned) character set utf8mb4`,
  SAFER: `create table TestResults (
    Id bigint not null auto_increment primary key,
    CompanyCode varchar(64) not null,
    PersonCode varchar(64) not null,
    TestCode varchar(32) not null,
    DeviceSerial varchar(64),
    StartedAtUtc datetime(3) not null,
    FinishedAtUtc timestamp(6) not null,
    Supervised bit(1) not null,
    Practice tinyint(1) not null,
    FalseStarts int not null,
    TrialsMs longtext not null,
    Flags varchar(200),
    Kss tinyint,
    Sleep24h decimal(4, 1),
    Sleep48h float,
    AwakeHours double) character set utf8mb4`,
};

export interface MariadbPlace extends SourcePlace {
  /** A connection that may do everything, in the source's database, its session in UTC. */
  readonly root: Connection;
  readonly user: string;
}

/** A source as a database of its own on a real server, with a user that only reads and one that also writes. */
export const openMariadbPlace = async ({ source, mapping }: SourceKind): Promise<MariadbPlace> => {
  const tag = randomUUID().slice(0, 8);
  const [database, reader, writer] = [`source_${tag}`, `reader_${tag}`, `writer_${tag}`];
  const password = "ñ'p@ss/🙂";
  const base = new URL(serverSetting('ANGELIS_TEST_MARIADB_ADMIN_URL'));
  const root = await createConnection({ uri: base.href, charset: 'utf8mb4', timezone: 'Z' });
  await root.query("set session time_zone = '+00:00'");
  await root.query(`create database ${database} character set utf8mb4`);
  await root.changeUser({ database });
  await root.query("set session time_zone = '+00:00'");
  await root.query(TABLES[source]);
  await root.query(`create user ${reader}@'%' identified by ?`, [password]);
  await root.query(`create user ${writer}@'%' identified by ?`, [password]);
  await root.query(`grant select on ${database}.* to ${reader}@'%'`);
  await root.query(`grant select, insert on ${database}.* to ${writer}@'%'`);
  const table = mapping.table.split('.').at(-1)!;
  const urlOf = (username: string): string => {
    const url = new URL(base);
    url.username = username;
    url.password = encodeURIComponent(password);
    url.pathname = `/${database}`;
    return url.href;
  };
  const processes = async (condition: string): Promise<number[]> => {
    const [rows] = await root.query<RowDataPacket[]>(
      `select id from information_schema.processlist where user = ? and ${condition}`,
      [reader],
    );
    return rows.map(({ id }) => Number(id));
  };
  // A second connection holds the lock: the first must be able to ask meanwhile.
  const locker = await createConnection({ uri: base.href, database });
  return {
    root,
    user: `${reader}@'%'`,
    readUrl: urlOf(reader),
    writeUrl: urlOf(writer),
    mapping: { ...mapping, table },
    add: async (rows) => {
      const columns = Object.keys(rows[0] ?? {});
      await root.query(`insert into ${table} (${columns.join(', ')}) values ?`, [
        rows.map((row) => columns.map((column) => row[column])),
      ]);
    },
    hide: async (hidden) => {
      await root.query(hidden ? `rename table ${table} to hidden` : `rename table hidden to ${table}`);
    },
    hold: async () => {
      await locker.query(`lock tables ${table} write`);
      return async () => {
        await locker.query('unlock tables');
      };
    },
    waiting: async () => (await processes(`state like 'Waiting for table%'`)).length,
    connections: async () => (await processes('true')).length,
    cut: async () => {
      for (const id of await processes('true')) await root.query(`kill ${id}`).catch(() => undefined);
    },
    close: async () => {
      await locker.end();
      await root.query(`drop database ${database}`);
      await root.query(`drop user ${reader}@'%', ${writer}@'%'`);
      await root.end();
    },
  };
};

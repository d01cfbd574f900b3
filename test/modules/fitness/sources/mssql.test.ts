import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { expect } from 'chai';
import { openSource } from '../../../../src/modules/fitness/sources/connection.ts';
import type { RawRow, SourceConnection } from '../../../../src/modules/fitness/sources/raw-row.ts';
import { createSourceReader } from '../../../../src/modules/fitness/sources/reader.ts';
import { createCertificate, trust } from '../../../support/certificate.ts';
import { listen } from '../../../support/listen.ts';
import { startTdsServer } from '../../../support/tds/server.ts';
import type { Fault, TdsServer } from '../../../support/tds/server.ts';
import type { TestTable } from '../../../support/tds/sql.ts';
import { until } from '../../../support/until.ts';

const TABLE: TestTable = {
  columns: {
    Id: 'bigint not null',
    Whole: 'int',
    Small: 'smallint not null',
    Tiny: 'tinyint',
    Flag: 'bit',
    Exact: 'decimal(18,4)',
    Wide: 'float',
    Narrow: 'real',
    Name: 'nvarchar(40)',
    Long: 'nvarchar(max)',
    Code: 'varchar(20)',
    Old: 'datetime',
    OldFixed: 'datetime not null',
    Fine: 'datetime2(7)',
    Coarse: 'datetime2(0)',
    Zoned: 'datetimeoffset(3)',
    Day: 'date',
    Key: 'uniqueidentifier',
  },
  rows: [],
};
const NULLABLE = Object.entries(TABLE.columns).flatMap(([name, type]) => (type.endsWith('null') ? [] : [name]));
const MAPPING = {
  table: 'dbo.Types',
  columns: Object.fromEntries(Object.keys(TABLE.columns).map((name) => [name === 'Id' ? 'id' : name, name])),
};

describe('a source on SQL Server', () => {
  const certificate = createCertificate();
  let server: TdsServer;
  let connections: SourceConnection[] = [];
  const told: string[] = [];
  before(async () => {
    server = await startTdsServer({
      holdings: { tables: new Map([[MAPPING.table, TABLE]]), rights: new Map() },
      passwords: new Map([['reader', 'right']]),
      certificate,
    });
  });
  beforeEach(() => {
    TABLE.rows.splice(0, Infinity, { Id: 1, Small: 1, OldFixed: '2026-01-01' });
    told.length = 0;
  });
  afterEach(async () => {
    server.fault = 'none';
    server.cutAfter = undefined;
    for (const connection of connections) await connection.close();
    connections = [];
  });
  after(() => server.close());

  const open = ({ query = 'encrypt=true', password = 'right', port = server.port, timeout = 10_000 } = {}) => {
    const connection = openSource({
      url: `mssql://reader:${password}@127.0.0.1:${port}/Safer?${query}`,
      timeout,
      onError: ({ message }) => told.push(message),
    });
    connections.push(connection);
    return createSourceReader(connection, MAPPING, { failures: 100 });
  };
  const trusted = async <T>(work: () => Promise<T>): Promise<T> => {
    const distrust = trust(certificate);
    try {
      return await work();
    } finally {
      distrust();
    }
  };
  const failureOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      (error: Error) => error.message,
    );
  const read = (rows: TestTable['rows']): Promise<RawRow[]> => {
    TABLE.rows.splice(0, Infinity, ...rows);
    return trusted(() => open().readAfter(0, 100));
  };

  it('reads every type as a plain value, times as UTC to the millisecond', async () => {
    const [row] = await read([
      {
        Id: 9_007_199_254_740_991n,
        Whole: -2_147_483_648,
        Small: -5,
        Tiny: 255,
        Flag: true,
        Exact: -12_345.6789,
        Wide: 0.1,
        Narrow: 0.5,
        Name: 'Ñuñoa 🙂',
        Long: 'ñ'.repeat(20_000),
        Code: 'ñandú',
        Old: '2026-04-05T03:30:00.120',
        OldFixed: '1999-12-31T23:59:59.997',
        Fine: '2026-04-05T03:30:00.1234567',
        Coarse: '2026-04-05T03:30:00.6',
        Zoned: '2026-04-05T00:30:00.123-04:00',
        Day: '2026-04-05',
        Key: '6F9619FF-8B86-D011-B42D-00C04FC964FF',
      },
    ]);
    expect(row).to.deep.equal({
      id: '9007199254740991',
      Whole: -2_147_483_648,
      Small: -5,
      Tiny: 255,
      Flag: true,
      Exact: -12_345.6789,
      Wide: 0.1,
      Narrow: 0.5,
      Name: 'Ñuñoa 🙂',
      Long: 'ñ'.repeat(20_000),
      Code: 'ñandú',
      Old: '2026-04-05T03:30:00.120Z',
      OldFixed: '1999-12-31T23:59:59.997Z',
      Fine: '2026-04-05T03:30:00.123Z',
      Coarse: '2026-04-05T03:30:01.000Z',
      Zoned: '2026-04-05T04:30:00.123Z',
      Day: '2026-04-05T00:00:00.000Z',
      Key: '6F9619FF-8B86-D011-B42D-00C04FC964FF',
    });
  });

  it('reads null in every column that may be null, beside rows that are full', async () => {
    const rows = await read([3, 2, 1].map((Id) => ({ Id, Small: Id, OldFixed: '2026-01-01' })));
    expect(rows).to.have.length(3);
    for (const [index, row] of rows.entries()) {
      expect(row).to.include({ id: String(index + 1), Small: index + 1, OldFixed: '2026-01-01T00:00:00.000Z' });
      for (const name of NULLABLE) expect(row, name).to.have.property(name, null);
    }
  });

  it('tells a datetime as the server rounds it, to three hundredths of a second', async () => {
    const given = ['000', '001', '002', '004', '005', '006', '008', '998', '999'];
    const rows = await read(
      given.map((ms, n) => ({ Id: n + 1, Small: 1, OldFixed: '2026-01-01', Old: `2026-04-05T03:30:00.${ms}` })),
    );
    expect(rows.map(({ Old }) => String(Old).slice(17, 23))).to.deep.equal([
      '00.000',
      '00.000',
      '00.003',
      '00.003',
      '00.007',
      '00.007',
      '00.007',
      '00.997',
      '01.000',
    ]);
  });

  it('signs in for reading, encrypted, with a certificate that it checks', async () => {
    expect(await trusted(() => open().readAfter(0, 1))).to.have.length(1);
    expect(server.logins.at(-1)).to.include({
      tdsVersion: 0x74_00_00_04,
      user: 'reader',
      database: 'Safer',
      application: 'angelis source',
      readOnly: true,
    });
    expect(await failureOf(open().readAfter(0, 1))).to.match(/self-signed|unable to verify/);
    expect(await open({ query: 'encrypt=true&trustServerCertificate=true' }).readAfter(0, 1)).to.have.length(1);
  });

  it('does not sign in to a server whose certificate is another’s', async () => {
    const other = createCertificate(['elsewhere.example']);
    const elsewhere = await startTdsServer({
      holdings: server.holdings,
      passwords: new Map([['reader', 'right']]),
      certificate: other,
    });
    const distrust = trust(other);
    expect(await failureOf(open({ port: elsewhere.port }).readAfter(0, 1))).to.match(/altnames|cert's/);
    distrust();
    expect(elsewhere.logins).to.deep.equal([]);
    await elsewhere.close();
  });

  it('does not sign in where a server cannot encrypt, unless it is told to', async () => {
    const plain = await startTdsServer({
      holdings: server.holdings,
      passwords: new Map([['reader', 'right']]),
    });
    expect(await failureOf(open({ port: plain.port }).readAfter(0, 1))).to.match(/encrypt/i);
    expect(plain.logins).to.deep.equal([]);
    expect(await open({ port: plain.port, query: 'encrypt=false' }).readAfter(0, 1)).to.have.length(1);
    await plain.close();
  });

  it('encrypts before anything else where it is told to be strict', async () => {
    const strict = await startTdsServer({
      holdings: server.holdings,
      passwords: new Map([['reader', 'right']]),
      certificate,
      strict: true,
    });
    const query = 'encrypt=strict';
    expect(await trusted(() => open({ port: strict.port, query }).readAfter(0, 1))).to.have.length(1);
    expect(await failureOf(open({ port: strict.port, query }).readAfter(0, 1))).to.match(
      /self-signed|unable to verify/,
    );
    await strict.close();
  });

  it('gives no part of an answer for the whole, wherever it was cut', () =>
    trusted(async () => {
      TABLE.rows.splice(0, Infinity, ...[1, 2, 3].map((Id) => ({ Id, Small: 1, OldFixed: '2026-01-01', Name: 'Ana' })));
      const made = open();
      const whole = await made.readAfter(0, 10);
      expect(whole).to.have.length(3);
      server.fault = 'cut';
      for (let bytes = 1; bytes < 500; bytes += 17) {
        server.cutAfter = -bytes;
        expect(await failureOf(made.readAfter(0, 10)), `without its last ${bytes} bytes`).to.not.equal('none');
      }
      server.fault = 'none';
      expect(await made.readAfter(0, 10)).to.deep.equal(whole);
    }));

  it('tells a refused password from a source that is away, without telling the password', async () => {
    const failure = await trusted(() => failureOf(open({ password: 'mistaken' }).readAfter(0, 1)));
    expect(failure).to.equal("Login failed for user 'reader'.");
  });

  const FAULTS: readonly Exclude<Fault, 'none'>[] = ['cut', 'reset', 'hang', 'deaf', 'garble'];
  for (const fault of FAULTS)
    it(`fails one read at an answer with the fault “${fault}”, and reads the next`, () =>
      trusted(async () => {
        const isSilent = fault === 'hang' || fault === 'deaf';
        const made = open(isSilent ? { timeout: 400 } : {});
        const reads = async () => (await failureOf(made.readAfter(0, 1))) === 'none';
        await until(reads);
        server.fault = fault;
        expect(await failureOf(made.readAfter(0, 1))).to.not.equal('none');
        expect(await failureOf(made.readAfter(0, 1))).to.not.equal('none');
        server.fault = 'none';
        await until(reads);
        await until(() => server.connections() <= 1);
      }));

  it('speaks T-SQL: what is not is refused by number, and the connection of a refused question is not used again', () =>
    trusted(async () => {
      open();
      const connection = connections.at(-1)!;
      const ask = (text: string) => connection.query({ text, values: [] });
      expect(await failureOf(ask('SELECT `Id` FROM Types LIMIT 1'))).to.match(/^Incorrect syntax/);
      expect(await failureOf(ask('DELETE FROM [dbo].[Types]'))).to.match(/^Incorrect syntax/);
      await until(() => server.connections() === 0);
    }));

  describe('that accepts and says nothing', () => {
    let silent: Server;
    let port: number;
    before(async () => {
      silent = createServer((socket) => socket.on('error', () => undefined));
      port = Number(new URL(await listen(silent)).port);
    });
    after(() => silent.close());

    for (const scheme of ['mssql', 'mysql', 'postgres'])
      it(`is given up in time by the driver of ${scheme}`, async () => {
        const connection = openSource({
          url: `${scheme}://reader:x@127.0.0.1:${port}/safer`,
          timeout: 300,
          onError: () => undefined,
        });
        const failure = await failureOf(connection.query({ text: 'SELECT 1', values: [] }));
        expect(failure).to.match(/time|ETIMEDOUT|in 300ms/i);
        await connection.close();
      });
  });
});

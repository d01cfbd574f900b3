import { expect } from 'chai';
import { TYPES } from 'tedious';
import { dialectOf, DIALECTS, dialects } from '../../../../src/modules/fitness/sources/dialects.ts';
import { DEFAULT_FIT2000_MAPPING, DEFAULT_SAFER_MAPPING } from '../../../../src/modules/fitness/sources/mapping.ts';
import { mssqlConfiguration, parameterType } from '../../../../src/modules/fitness/sources/mssql.ts';
import { plainRow } from '../../../../src/modules/fitness/sources/raw-row.ts';
import { rights } from '../../../../src/modules/fitness/sources/rights.ts';

describe('dialects of sources', () => {
  const table = { table: 'dbo.Test]s', columns: { id: 'Id', person: 'Person`"Code', kss: null } };

  it('ask SQL Server by TOP, brackets and named parameters', () => {
    expect(dialects.mssql.page(table, 9_007_199_254_740_991, 500)).to.deep.equal({
      text: 'SELECT TOP (@p2) t.[Id] AS [id], t.[Person`"Code] AS [person] FROM [dbo].[Test]]s] AS t WHERE t.[Id] > @p1 ORDER BY t.[Id]',
      values: [9_007_199_254_740_991, 500],
    });
    expect(dialects.mssql.columns({ table: 'Results', columns: {} }).values).to.deep.equal(['dbo', 'Results']);
    expect(dialects.mssql.page({ table: 'Results', columns: {} }, 0, 1).text).to.contain('FROM [dbo].[Results] AS t');
  });

  it('ask MySQL by backticks, question marks and a LIMIT in the text', () => {
    expect(dialects.mysql.page(table, 7, 500)).to.deep.equal({
      text: 'SELECT t.`Id` AS `id`, t.`Person``"Code` AS `person` FROM `dbo`.`Test]s` AS t WHERE t.`Id` > ? ORDER BY t.`Id` LIMIT 500',
      values: [7],
    });
    expect(dialects.mysql.columns({ table: 'fit_tests', columns: {} })).to.deep.equal({
      text: 'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?',
      values: ['fit_tests'],
    });
    expect(dialects.mysql.columns({ table: 'fit.tests', columns: {} }).values).to.deep.equal(['fit', 'tests']);
  });

  it('ask PostgreSQL by quotes and numbered parameters', () => {
    expect(dialects.postgres.page(table, 0, 10).text).to.equal(
      'SELECT t."Id" AS "id", t."Person`""Code" AS "person" FROM "dbo"."Test]s" AS t WHERE t."Id" > $1 ORDER BY t."Id" LIMIT $2',
    );
    expect(dialects.postgres.columns({ table: 'fit_tests', columns: {} }).values).to.deep.equal([
      'public',
      'fit_tests',
    ]);
  });

  it('put what to ask about rights in the words of each database, and none in another’s', () => {
    const texts = DIALECTS.map((name) => {
      const own = dialects[name];
      const statements = [own.page(table, 1, 2), own.columns(table), rights[name].question(own.place(table))];
      return statements.map(({ text }) => text).join('\n');
    });
    const [mssql = '', mysql = '', postgres = ''] = texts;
    expect(mssql).not.to.match(/LIMIT|\$\d|UNCOMMITTED|NOLOCK/i);
    expect(mysql).not.to.match(/TOP|@p|\$\d|\[dbo|UNCOMMITTED/i);
    expect(postgres).not.to.match(/TOP|@p|\?|\[dbo|UNCOMMITTED/i);
    expect(rights.mssql.question('[dbo].[T]')).to.have.property('values').that.deep.equals(['[dbo].[T]']);
  });

  const GRANTS: readonly [lines: readonly string[], held: readonly string[]][] = [
    [["GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '*AB'", 'GRANT SELECT, SHOW VIEW ON `a`.* TO `r`@`%`'], []],
    [['GRANT SELECT, INSERT (`a`, `b`), UPDATE (`c`) ON `a`.`t` TO `r`@`%`'], ['INSERT', 'UPDATE']],
    [['GRANT ALL PRIVILEGES ON *.* TO `r`@`%` WITH GRANT OPTION'], ['ALL PRIVILEGES']],
    [['GRANT `w`@`%` TO `r`@`%`', 'GRANT USAGE ON *.* TO `r`@`%`'], ['role `w`@`%`']],
    [['GRANT `w` TO `r`@`%`', 'GRANT DELETE ON `a`.* TO `w`', 'SET DEFAULT ROLE `w` FOR `r`@`%`'], ['DELETE']],
  ];
  for (const [lines, held] of GRANTS)
    it(`read from MySQL’s “${lines[0]}” … ${held.join(', ') || 'nothing that writes'}`, () => {
      expect(rights.mysql.answer(lines.map((line) => ({ 'Grants for r@%': line })))).to.deep.equal(held);
    });

  it('take whole numbers only where they stand in the text', () => {
    for (const limit of [1.5, -1, Number.NaN, '1; DROP TABLE x' as unknown as number])
      for (const dialect of Object.values(dialects)) expect(() => dialect.page(table, 0, limit)).to.throw(RangeError);
  });

  it('name every column of both default mappings once', () => {
    for (const mapping of [DEFAULT_SAFER_MAPPING, DEFAULT_FIT2000_MAPPING])
      for (const dialect of Object.values(dialects)) {
        const { text } = dialect.page(mapping, 0, 1);
        const columns = Object.values(mapping.columns).filter((column) => column !== null);
        for (const column of columns) expect(text).to.contain(column);
        expect(text.match(/ AS /g)).to.have.length(columns.length + 1);
      }
  });

  it('are known by the URL’s scheme', () => {
    expect(
      ['mssql://h/d', 'mysql://h/d', 'mariadb://h/d', 'postgres://h/d', 'postgresql://h/d'].map(dialectOf),
    ).to.deep.equal(['mssql', 'mysql', 'mysql', 'postgres', 'postgres']);
    expect(() => dialectOf('oracle://h/d')).to.throw(/begins with mssql, mysql or postgres/);
  });

  it('connect to SQL Server encrypted, checked and for reading, unless the URL says otherwise', () => {
    const strict = mssqlConfiguration('mssql://reader:p%40ss@sql.mine.cl/Safer', 5_000);
    expect(strict).to.deep.include({
      server: 'sql.mine.cl',
      authentication: { type: 'default', options: { userName: 'reader', password: 'p@ss' } },
    });
    expect(strict.options).to.include({
      port: 1433,
      database: 'Safer',
      encrypt: true,
      trustServerCertificate: false,
      readOnlyIntent: true,
      useUTC: true,
      requestTimeout: 5_000,
    });
    expect(mssqlConfiguration('mssql://r:p@h/S?encrypt=strict', 1).options).to.include({ encrypt: 'strict' });
    const loose = mssqlConfiguration('mssql://r:p@h:14330/S?encrypt=false&trustServerCertificate=true', 1);
    expect(loose.options).to.include({ port: 14_330, encrypt: false, trustServerCertificate: true });
  });

  it('send ids to SQL Server as bigint and names as nvarchar', () => {
    expect(parameterType(1)).to.equal(TYPES.BigInt);
    expect(parameterType('x')).to.equal(TYPES.NVarChar);
  });

  it('hand over what drivers give as plain JSON values', () => {
    const row = {
      id: '9223372036854775807',
      big: 12n,
      at: new Date('2026-11-21T01:02:03.004Z'),
      never: new Date(Number.NaN),
      bit: Buffer.from([1]),
      blob: Buffer.from([1, 255]),
      flag: true,
      none: undefined,
      decimal: '7.50',
    };
    expect(plainRow(row)).to.deep.equal({
      id: '9223372036854775807',
      big: '12',
      at: '2026-11-21T01:02:03.004Z',
      never: null,
      bit: 1,
      blob: '01ff',
      flag: true,
      none: null,
      decimal: '7.50',
    });
  });
});

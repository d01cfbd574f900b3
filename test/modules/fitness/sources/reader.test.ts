import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { openSource } from '../../../../src/modules/fitness/sources/connection.ts';
import { DEFAULT_SAFER_MAPPING } from '../../../../src/modules/fitness/sources/mapping.ts';
import type { SourceConnection } from '../../../../src/modules/fitness/sources/raw-row.ts';
import { createSourceReader, SourceFailure } from '../../../../src/modules/fitness/sources/reader.ts';
import { createTestSources, saferRow } from '../../../support/sources.ts';
import type { TestSources } from '../../../support/sources.ts';

const failureOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (error) {
    if (error instanceof SourceFailure) return error.message;
    throw error;
  }
};

const refusalOf = async (connection: SourceConnection, text: string): Promise<string> => {
  try {
    await connection.query({ text, values: [] });
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.message : 'other';
  } finally {
    await connection.close();
  }
};

describe('a source’s reader', () => {
  let sources: TestSources;
  before(async () => {
    sources = await createTestSources();
  });
  after(() => sources.drop());

  const open = (url: string) => openSource({ url, timeout: 2_000, onError: () => undefined });

  it('reads instants as UTC, whatever the zone of this process', async () => {
    const at = new Date('2026-04-05T03:30:00.123Z');
    const [id] = await sources.feeder.safer([saferRow('mine', 'P-1', at)]);
    const zone = process.env['TZ'];
    process.env['TZ'] = 'America/Santiago';
    const [row] = await sources.safer.reader.readAfter(id! - 1, 1);
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
    expect(row).to.include({ id: String(id), finishedAt: '2026-04-05T03:30:00.123Z', supervised: true });
    expect(sources.safer.read(row!).takenAt).to.deep.equal(at);
  });

  it('cannot write, neither by its user nor by its connection', async () => {
    const asReader = open(sources.urls.safer.readUrl);
    const asWriter = open(sources.urls.safer.writeUrl);
    const text = `delete from dbo."TestResults"`;
    for (const connection of [asReader, asWriter]) {
      expect(await refusalOf(connection, text)).to.match(/permission denied|read-only transaction/);
    }
    const insert = open(sources.urls.fit2000.writeUrl);
    const row = `insert into fit_tests (company_code, subject_code, tested_at, risk) values ('a', 'b', '2026-01-01', 'LOW')`;
    expect(await refusalOf(insert, row)).to.equal('cannot execute INSERT in a read-only transaction');
  });

  it('opens its circuit after failures in a row, and closes it once the source answers again', async () => {
    const connection = open(sources.urls.safer.readUrl);
    const reader = createSourceReader(connection, DEFAULT_SAFER_MAPPING, { failures: 2, halfOpenAfter: 50 });
    await sources.sql('safer', 'alter table dbo."TestResults" rename to away');
    expect(await failureOf(reader.readAfter(0, 1))).to.contain('does not exist');
    expect(await failureOf(reader.readAfter(0, 1))).to.contain('does not exist');
    expect(await failureOf(reader.readAfter(0, 1))).to.equal('it failed several times in a row');
    await sources.sql('safer', 'alter table dbo.away rename to "TestResults"');
    await sleep(60);
    expect(await failureOf(reader.readAfter(0, 1))).to.equal('none');
    await reader.close();
  });

  it('names a table that is not there, and columns that are not', async () => {
    const check = async (mapping: typeof DEFAULT_SAFER_MAPPING) => {
      const reader = createSourceReader(open(sources.urls.safer.readUrl), mapping);
      const missing = await reader.checkMapping();
      await reader.close();
      return missing;
    };
    expect(await check(DEFAULT_SAFER_MAPPING)).to.deep.equal([]);
    expect(await check({ ...DEFAULT_SAFER_MAPPING, table: 'dbo.Nothing' })).to.deep.equal([
      'table dbo.Nothing is missing, or its columns may not be read',
    ]);
    const columns = { ...DEFAULT_SAFER_MAPPING.columns, kss: 'Sleepiness', flags: null, trials: 'trialsms' };
    expect(await check({ ...DEFAULT_SAFER_MAPPING, columns })).to.deep.equal([
      'column trialsms (trials) is missing in dbo.TestResults',
      'column Sleepiness (kss) is missing in dbo.TestResults',
    ]);
  });

  for (const scheme of ['mssql', 'mysql', 'postgres'])
    it(`fails cleanly where no ${scheme} server answers, and closes`, async () => {
      const reader = createSourceReader(open(`${scheme}://reader:x@127.0.0.1:9/safer`), DEFAULT_SAFER_MAPPING);
      expect(await failureOf(reader.readAfter(0, 1))).to.match(/ECONNREFUSED|connect/i);
      expect(await failureOf(reader.checkMapping())).to.match(/ECONNREFUSED|connect/i);
      await reader.close();
    });
});

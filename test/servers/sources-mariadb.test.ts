import { expect } from 'chai';
import { openSource } from '../../src/modules/fitness/sources/connection.ts';
import { createSourceReader } from '../../src/modules/fitness/sources/reader.ts';
import type { SourceReader } from '../../src/modules/fitness/sources/reader.ts';
import { brokenIngestContract } from '../modules/fitness/sources/broken-ingest.contract.ts';
import { KINDS } from '../modules/fitness/sources/place.ts';
import { openMariadbPlace } from '../modules/fitness/sources/mariadb-place.ts';
import type { MariadbPlace } from '../modules/fitness/sources/mariadb-place.ts';
import { sourceContract } from '../modules/fitness/sources/source.contract.ts';

for (const kind of Object.values(KINDS)) sourceContract('MariaDB', kind, openMariadbPlace);
brokenIngestContract('MariaDB', KINDS.FIT2000, openMariadbPlace);

describe('a source on MariaDB', () => {
  let place: MariadbPlace;
  let readers: SourceReader[] = [];
  before(async () => {
    place = await openMariadbPlace(KINDS.FIT2000);
  });
  afterEach(async () => {
    for (const reader of readers) await reader.close();
    readers = [];
  });
  after(() => place.close());

  const open = (mapping = place.mapping): SourceReader => {
    const connection = openSource({ url: place.readUrl, timeout: 2_000, onError: () => undefined });
    const reader = createSourceReader(connection, mapping);
    readers.push(reader);
    return reader;
  };

  it('reads a TIMESTAMP as the instant it is, whatever the zone of the server', async () => {
    await place.root.query(
      'create table zoned (id bigint, at timestamp(3) null, old datetime(6), day date, never datetime)',
    );
    await place.root.query("set session sql_mode = ''");
    await place.root.query(
      `insert into zoned values (1, '2026-04-05 03:30:00.123', '2026-04-05 03:30:00.999999', '2026-04-05', '0000-00-00')`,
    );
    const [[zone]] = (await place.root.query('select @@global.time_zone as zone')) as unknown as [[{ zone: string }]];
    await place.root.query("set global time_zone = '-04:00'");
    try {
      const [row] = await open({
        ...place.mapping,
        table: 'zoned',
        columns: { id: 'id', at: 'at', old: 'old', day: 'day', never: 'never' } as never,
      }).readAfter(0, 1);
      expect(row).to.deep.equal({
        id: '1',
        at: '2026-04-05T03:30:00.123Z',
        old: '2026-04-05T03:30:00.999Z',
        day: '2026-04-05T00:00:00.000Z',
        never: null,
      });
    } finally {
      await place.root.query('set global time_zone = ?', [zone.zone]);
    }
  });

  it('reads text of an older character set as what it says', async () => {
    await place.root.query('create table latin (id bigint, name varchar(20)) character set latin1');
    await place.root.query("insert into latin values (1, 'Ñuñoa é')");
    const [row] = await open({
      ...place.mapping,
      table: 'latin',
      columns: { id: 'id', name: 'name' } as never,
    }).readAfter(0, 1);
    expect(row).to.deep.equal({ id: '1', name: 'Ñuñoa é' });
  });

  const GRANTS: readonly [grant: string, revoke: string, found: string][] = [
    ['grant update (quality) on fit_tests to USER', 'revoke update (quality) on fit_tests from USER', 'UPDATE'],
    ['grant drop on *.* to USER', 'revoke drop on *.* from USER', 'DROP'],
    ['grant writing to USER', 'revoke writing from USER', 'role `writing`'],
  ];
  for (const [grant, revoke, found] of GRANTS)
    it(`finds what is granted by “${grant}”`, async () => {
      const as = (text: string) => place.root.query(text.replace('USER', place.user));
      await place.root.query('create role if not exists writing');
      await as(grant);
      expect(await open().writingRights()).to.deep.equal([found]);
      await as(revoke);
      expect(await open().writingRights()).to.deep.equal([]);
      await place.root.query('drop role writing');
    });

  it('names what an active role grants, not the role', async () => {
    await place.root.query('create role keeping');
    await place.root.query('grant delete on *.* to keeping');
    await place.root.query(`grant keeping to ${place.user}`);
    await place.root.query(`set default role keeping for ${place.user}`);
    expect(await open().writingRights()).to.deep.equal(['DELETE']);
    await place.root.query('drop role keeping');
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readLegacyLines } from '../../../../src/modules/identity/legacy/legacy.lines.ts';
import type { LegacyRead } from '../../../../src/modules/identity/legacy/legacy.lines.ts';

const hashOf = (prefix: string): string =>
  `${prefix}${'N9qo8uLOickgx2ZMRZoMye/IjZAgcfl7p92ldGxad68LJZdL17lhW'.slice(0, 53)}`;
const HASH = hashOf('$2b$10$');

describe('lines of passwords of an older system', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-legacy-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const read = async (text: string | Buffer): Promise<LegacyRead[]> => {
    const path = join(folder, 'accounts');
    await writeFile(path, text);
    return Array.fromAsync(readLegacyLines(path));
  };
  const taken = (line: number, identifier: string, hash = HASH) => ({ line, identifier, hash });

  it('are JSON, one account each; what is none is told by its line', async () => {
    const lines = [
      JSON.stringify({ identifier: '12.345.678-5', hash: HASH }),
      '',
      '{"identifier": "ana@example.cl"}',
      '{"identifier": "ana@example.cl", "hash": 7}',
      'ana@example.cl',
      '[]',
      JSON.stringify({ identifier: ' ana@example.cl ', hash: HASH, more: true }),
    ];
    expect(await read(lines.join('\r\n'))).to.deep.equal([
      taken(1, '12.345.678-5'),
      ...[3, 4, 5, 6].map((line) => ({ line, fault: 'UNREADABLE' })),
      taken(7, 'ana@example.cl'),
    ]);
  });

  it('are CSV below their headings, in any order, with comma or semicolon, and with quotes', async () => {
    const comma = `\uFEFFidentifier,hash\n"12.345.678-5",${HASH}\nana@example.cl\nana@example.cl,${HASH},more\n"open,${HASH}\n`;
    expect(await read(comma)).to.deep.equal([
      taken(2, '12.345.678-5'),
      ...[3, 4, 5].map((line) => ({ line, fault: 'UNREADABLE' })),
    ]);
    expect(await read(`Hash; Name ;Identifier\n${HASH};Ana;ana@example.cl`)).to.deep.equal([
      taken(2, 'ana@example.cl'),
    ]);
  });

  it('have bcrypt hashes that cost at most what a sign-in may', async () => {
    const good = ['$2a$04$', '$2b$12$', '$2y$10$'].map(hashOf);
    const bad = [
      ...['$2x$10$', '$2b$03$', '$2b$13$', '$2b$31$', '$2$10$', '$1$10$'].map(hashOf),
      `${HASH}x`,
      HASH.slice(0, -1),
      'plain',
      '',
    ];
    const text = [...good, ...bad].map((hash) => JSON.stringify({ identifier: 'a@b.cl', hash })).join('\n');
    expect(await read(text)).to.deep.equal([
      ...good.map((hash, at) => taken(at + 1, 'a@b.cl', hash)),
      ...bad.map((_, at) => ({ line: good.length + at + 1, fault: 'NO_BCRYPT' })),
    ]);
  });

  it('of a file that says not what it holds, or is not there, are not read at all', async () => {
    for (const text of [`ana@example.cl,${HASH}`, 'identifier,password\na,b', Buffer.from([0x50, 0x4b, 3, 4, 0])])
      expect(await read(text).catch(String)).to.match(/identifier,hash/);
    expect(await read('')).to.deep.equal([]);
    const missing = Array.fromAsync(readLegacyLines(join(folder, 'nowhere'))).catch(String);
    expect(await missing).to.include('ENOENT');
  });
});

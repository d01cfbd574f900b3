import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { expect } from 'chai';
import { StorageError, type ByteRange, type FileStore } from '../../../src/platform/storage/file-store.ts';

const PLAIN = { contentType: 'text/plain', maxBytes: 1_000_000 };

/** The `code` of the StorageError that an action ends in, or `none`. */
export async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'none';
  } catch (error) {
    if (error instanceof StorageError) return error.code;
    throw error;
  }
}

async function keysOf(store: FileStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** What every file store must do; `open` gives an empty one. */
export function describeFileStore(open: () => Promise<FileStore>): void {
  let store: FileStore;
  const put = (key: string, content: string | Buffer) => store.put(key, Readable.from([content]), PLAIN);
  const read = async (key: string, range?: ByteRange) => await text(await store.get(key, range && { range }));

  before(async () => {
    store = await open();
  });

  it('gives back bytes, size, hash, type and time', async () => {
    const bytes = randomBytes(9_500_000);
    const pieces = Array.from({ length: 95 }, (_, index) => bytes.subarray(index * 100_000, (index + 1) * 100_000));
    const options = { contentType: 'text/csv; charset=utf-8', maxBytes: bytes.length };
    const stored = await store.put('company-1/exports/a.csv', Readable.from(pieces), options);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(stored).to.deep.equal({ size: bytes.length, sha256 });
    expect((await buffer(await store.get('company-1/exports/a.csv'))).equals(bytes)).to.equal(true);
    const { modifiedAt, ...stat } = (await store.stat('company-1/exports/a.csv')) ?? {};
    expect(stat).to.deep.equal({ size: bytes.length, sha256, contentType: options.contentType });
    expect(Math.abs(Date.now() - Number(modifiedAt))).to.be.lessThan(60_000);
  }).timeout(20_000);

  it('keeps an empty file', async () => {
    await store.put('empty', Readable.from([]), PLAIN);
    expect(await read('empty')).to.equal('');
    expect((await store.stat('empty'))?.size).to.equal(0);
    expect(await codeOf(store.get('empty', { range: { start: 0 } }))).to.equal('bad_range');
  });

  it('gives ranges, first and last byte included, and refuses those outside', async () => {
    await put('range', '0123456789');
    expect(await read('range', { start: 2, end: 4 })).to.equal('234');
    expect(await read('range', { start: 7 })).to.equal('789');
    expect(await read('range', { start: 9, end: 9 })).to.equal('9');
    expect(await read('range', { start: 8, end: 5_000 })).to.equal('89');
    for (const range of [{ start: 10 }, { start: -1 }, { start: 5, end: 4 }, { start: 0.5 }, { start: Number.NaN }]) {
      expect(await codeOf(store.get('range', { range })), JSON.stringify(range)).to.equal('bad_range');
    }
  });

  it('replaces a file and removes it, once or twice', async () => {
    await put('again', 'first');
    await put('again', 'second, longer');
    expect(await read('again')).to.equal('second, longer');
    await store.remove('again');
    await store.remove('again');
    expect(await store.stat('again')).to.equal(undefined);
    expect(await codeOf(store.get('again'))).to.equal('not_found');
  });

  it('lists by prefix in the order of the keys', async () => {
    const keys = ['l/a-b', 'l/a.txt', 'l/a/z', 'l/a0', 'l/b/c/d', 'l/b/e', 'lx/f'];
    for (const key of keys.toReversed()) await put(key, key);
    expect(await keysOf(store, 'l/')).to.deep.equal(keys.slice(0, 6));
    expect(await keysOf(store, 'l/a')).to.deep.equal(keys.slice(0, 4));
    expect(await keysOf(store, 'l')).to.deep.equal(keys);
    expect(await keysOf(store, 'l/b/c/d')).to.deep.equal(['l/b/c/d']);
    expect(await keysOf(store, 'nothing')).to.deep.equal([]);
    for await (const entry of store.list('l/a0')) expect(entry.size).to.equal(4);
  });

  it('refuses keys that could leave the store or not be a path, and odd types', async () => {
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      '.a',
      'a/.b',
      'a\\b',
      'a b',
      'ñ',
      'a\0',
      'C:/a',
      '%2e%2e/a',
    ];
    for (const key of [...bad, 'a'.repeat(201), 'a/'.repeat(300) + 'a']) {
      expect(await codeOf(put(key, 'x')), `put ${key}`).to.equal('bad_key');
      expect(await codeOf(store.get(key)), `get ${key}`).to.equal('bad_key');
      expect(await codeOf(store.stat(key)), `stat ${key}`).to.equal('bad_key');
      expect(await codeOf(store.remove(key)), `remove ${key}`).to.equal('bad_key');
    }
    for (const contentType of ['', 'text', 'text/plain\r\nx: y', 'téxt/plain', `a/${'b'.repeat(200)}`]) {
      const refused = store.put('type', Readable.from(['x']), { ...PLAIN, contentType });
      expect(await codeOf(refused), contentType).to.equal('bad_type');
    }
  });

  it('stops at the limit, and leaves the older file as it was', async () => {
    await put('limit', 'older');
    let given = 0;
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield await Promise.resolve(randomBytes(64_000 + given++));
      } finally {
        closed = true;
      }
    }
    const source = Readable.from(endless());
    expect(await codeOf(store.put('limit', source, PLAIN))).to.equal('too_large');
    expect(source.destroyed).to.equal(true);
    expect(closed).to.equal(true);
    expect(given).to.be.lessThan(40);
    expect(await read('limit')).to.equal('older');
    expect(await codeOf(store.put('exact', Readable.from(['12345']), { ...PLAIN, maxBytes: 5 }))).to.equal('none');
  });

  it('leaves nothing when the source fails or is destroyed, with or without an error', async () => {
    await put('abort', 'older');
    const left = await keysOf(store, '');
    for (const error of [new Error('upload cut'), undefined]) {
      for (const key of ['abort', 'abort-new']) {
        const source = new Readable({ read() {} });
        const putting = store.put(key, source, { ...PLAIN, maxBytes: 50_000_000 }).then(
          () => 'stored',
          () => 'refused',
        );
        source.push(randomBytes(5_000_000));
        await new Promise(setImmediate);
        source.destroy(error);
        expect(await putting).to.equal('refused');
      }
    }
    expect(await keysOf(store, '')).to.deep.equal(left);
    expect(await read('abort')).to.equal('older');
    expect(await store.stat('abort-new')).to.equal(undefined);
  });

  it('keeps one whole file when several are put under a key at once', async () => {
    const contents = Array.from({ length: 8 }, (_, index) => String(index).repeat(200_000));
    await Promise.all(contents.map((content) => put('race', content)));
    expect(contents).to.include(await read('race'));

    const large = contents.slice(0, 3).map((content) => content.repeat(30));
    const puts = large.map((content) =>
      store.put('race', Readable.from([content]), { ...PLAIN, maxBytes: 10_000_000 }),
    );
    const outcomes = await Promise.allSettled(puts);
    expect(outcomes.map(({ status }) => status)).to.include('fulfilled');
    const kept = await read('race');
    expect(large.includes(kept)).to.equal(true);
    expect((await store.stat('race'))?.sha256).to.equal(createHash('sha256').update(kept).digest('hex'));
  });
}

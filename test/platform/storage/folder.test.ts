import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { createFolderStore } from '../../../src/platform/storage/folder.ts';
import { codeOf, describeFileStore } from './contract.ts';

const PLAIN = { contentType: 'text/plain', maxBytes: 1_000_000 };

describe('files in a folder', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'files-'));
  });
  after(() => rm(folder, { recursive: true }));

  describeFileStore(() => createFolderStore(join(folder, 'store')));

  it('leaves no growing files behind, whatever went before', async () => {
    expect(await readdir(join(folder, 'store', '.growing'))).to.deep.equal([]);
  });

  it('clears what a killed process left, a day later', async () => {
    const store = join(folder, 'leftovers');
    await createFolderStore(store);
    const old = join(store, '.growing', 'old');
    await writeFile(old, 'x');
    await writeFile(join(store, '.growing', 'young'), 'x');
    await utimes(old, new Date(0), new Date(0));
    await createFolderStore(store);
    expect(await readdir(join(store, '.growing'))).to.deep.equal(['young']);
  });

  it('survives a restart', async () => {
    const path = join(folder, 'restart');
    await (await createFolderStore(path)).put('a/b', Readable.from(['kept']), PLAIN);
    const again = await createFolderStore(path);
    expect(await text(await again.get('a/b'))).to.equal('kept');
    expect((await again.stat('a/b'))?.contentType).to.equal('text/plain');
  });

  it('refuses a key of which a part is a file, and does not take a folder for a file', async () => {
    const store = await createFolderStore(join(folder, 'parts'));
    await store.put('a/b', Readable.from(['x']), PLAIN);
    expect(await codeOf(store.put('a/b/c', Readable.from(['x']), PLAIN))).to.equal('bad_key');
    expect(await codeOf(store.put('a', Readable.from(['x']), PLAIN))).to.equal('bad_key');
    expect(await store.stat('a')).to.equal(undefined);
    expect(await store.stat('a/b/c')).to.equal(undefined);
    expect(await codeOf(store.get('a'))).to.equal('not_found');
    await store.remove('a');
    expect(await text(await store.get('a/b'))).to.equal('x');
  });

  it('reads on from the file it opened while another takes its place', async () => {
    const store = await createFolderStore(join(folder, 'replace'));
    const older = 'o'.repeat(500_000);
    await store.put('a', Readable.from([older]), PLAIN);
    const reading = await store.get('a');
    await store.put('a', Readable.from(['n'.repeat(500_000)]), PLAIN);
    expect(await text(reading)).to.equal(older);
  });
});

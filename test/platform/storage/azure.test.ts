import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import { expect } from 'chai';
import { createAzureStore } from '../../../src/platform/storage/azure.ts';
import { listen } from '../../support/listen.ts';
import { describeFileStore } from './contract.ts';

const PLAIN = { contentType: 'text/plain', maxBytes: 1_000_000 };

/** The account that every Azurite has (https://learn.microsoft.com/azure/storage/common/storage-use-azurite). */
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

function connectionTo(url: string): string {
  return `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${KEY};BlobEndpoint=${url}/devstoreaccount1;`;
}

/** Starts Azurite in memory on a port that the system chooses, and returns its URL once it listens. */
async function startAzurite(): Promise<{ azurite: ChildProcess; url: string }> {
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const options = ['--blobPort', '0', '--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry'];
  const azurite = spawn(process.execPath, [main, ...options], { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    azurite.once('exit', () => reject(new Error(`Azurite ended before it listened: ${output}`)));
    azurite.stdout.on('data', (piece) => {
      output = (output + String(piece)).slice(-10_000);
      const [, found] = /successfully listens on (http:\S+)/.exec(output) ?? [];
      if (found) resolve(found);
    });
  });
  return { azurite, url };
}

describe('files in Azure Blob', () => {
  let azurite: ChildProcess;
  let connectionString: string;

  before(async () => {
    const started = await startAzurite();
    azurite = started.azurite;
    connectionString = connectionTo(started.url);
  }).timeout(30_000);

  after(async () => {
    const ended = once(azurite, 'exit');
    azurite.kill();
    await ended;
  });

  describeFileStore(() => createAzureStore({ connectionString, container: 'contract' }));

  it('makes its container once, and finds it the next time', async () => {
    const first = await createAzureStore({ connectionString, container: 'twice' });
    await first.put('a', Readable.from(['kept']), PLAIN);
    const second = await createAzureStore({ connectionString, container: 'twice' });
    expect((await second.stat('a'))?.size).to.equal(4);
  });

  it('keeps its files from the public', async () => {
    const store = await createAzureStore({ connectionString, container: 'private' });
    await store.put('a', Readable.from(['secret']), PLAIN);
    const { url } = BlobServiceClient.fromConnectionString(connectionString)
      .getContainerClient('private')
      .getBlobClient('a');
    expect((await fetch(url)).status).to.be.within(401, 404);
  });
});

describe('an Azure Blob that does not answer', () => {
  it('is given up after its time and tries', async () => {
    let requests = 0;
    const silent = createServer(() => {
      requests += 1;
    });
    const connectionString = connectionTo(await listen(silent));
    const outcome = await createAzureStore({ connectionString, container: 'c', timeoutMs: 100, tries: 2 }).catch(
      (error: unknown) => error,
    );
    expect(outcome).to.include({ name: 'StorageError', code: 'unavailable' });
    expect(requests).to.be.within(1, 2);
    silent.closeAllConnections();
    silent.close();
    const gone = await createAzureStore({ connectionString, container: 'c', timeoutMs: 100, tries: 2 }).catch(
      (error: unknown) => error,
    );
    expect(gone).to.include({ name: 'StorageError', code: 'unavailable' });
  }).timeout(20_000);
});

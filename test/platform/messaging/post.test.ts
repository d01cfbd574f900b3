import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { expect } from 'chai';
import { AddressRefused, post } from '../../../src/platform/messaging/post.ts';
import { isPublicAddress } from '../../../src/platform/messaging/public-address.ts';
import { listen } from '../../support/listen.ts';

describe('a post to an address that must be public', () => {
  let server: Server;
  let base: URL;
  let asked = 0;
  before(async () => {
    server = createServer((_request, response) => {
      asked += 1;
      response.end('here');
    });
    base = new URL(await listen(server));
  });
  beforeEach(() => {
    asked = 0;
  });
  after(() => server.close());

  const to = (host: string, permits?: (address: string) => boolean) =>
    post(new URL(`http://${host}:${base.port}/hook?a=1`), {
      headers: { 'content-type': 'application/json' },
      body: '{"ñ":1}',
      timeoutMs: 5_000,
      ...(permits && { permits }),
    });

  for (const host of [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '2130706433',
    '0x7f000001',
    '127.1',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
  ])
    it(`never reaches ${host}`, async () => {
      const outcome: unknown = await to(host, isPublicAddress).catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(AddressRefused);
      expect(asked).to.equal(0);
    });

  it('connects to the very address that was looked at, and to none if any of a name’s is refused', async () => {
    const seen: string[] = [];
    const answer = await to('localhost', (address) => {
      seen.push(address);
      return true;
    });
    expect(answer).to.include({ status: 200, body: 'here' });
    expect(seen).to.include('127.0.0.1');
    const outcome: unknown = await to('localhost', () => false).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(AddressRefused);
    expect(asked).to.equal(1);
  });
});

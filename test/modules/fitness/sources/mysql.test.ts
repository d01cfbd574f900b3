import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createServer } from 'mysql2';
import { openMysql } from '../../../../src/modules/fitness/sources/mysql.ts';

/** What a server greets with: 4.1 protocol and passwords of it. */
const HELLO = {
  protocolVersion: 10,
  serverVersion: '8.0',
  connectionId: 1,
  statusFlags: 2,
  characterSet: 45,
  capabilityFlags: 0x00_81_a2_08,
};

describe('a source on MySQL', () => {
  it('says so when its server refuses what comes before a question, and hangs on none', async () => {
    const server = createServer((connection) => {
      connection.serverHandshake(HELLO);
      connection.on('error', () => undefined);
      // What begins with SET is taken for the preparation of a statement.
      for (const event of ['query', 'stmt_prepare'])
        connection.on(event, () => connection.writeError({ message: 'Server shutdown in progress', code: 1053 }));
    });
    server.listen(0);
    const { _server: listening } = server as unknown as { _server: import('node:net').Server };
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    const source = openMysql({
      url: `mysql://reader:x@127.0.0.1:${port}/fit2000`,
      timeout: 1_000,
      onError: () => undefined,
    });
    try {
      const refused = await source.query({ text: 'select 1', values: [] }).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(Error).with.property('errno', 1053);
    } finally {
      await source.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    }
  });
});

import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { freePort } from '../../src/platform/embedded/ports.ts';
import { readMail } from '../support/mime.ts';
import type { ReadMail } from '../support/mime.ts';
import { serverSetting } from '../support/servers/settings.ts';

/** A mail that it took. */
export type Taken = Pick<ReadMail, 'messageId' | 'to'>;

/** A mail server with TLS that remembers, over its own restarts too, what it took. */
export interface MailSink {
  readonly url: string;
  /** Its mails in their order, each as often as it was taken. */
  readonly taken: readonly Taken[];
  /** Goes away without a goodbye, and comes back at the same address. */
  readonly close: () => Promise<void>;
  readonly open: () => Promise<void>;
}

/** Opens it on a free port, with the certificate of `scripts/servers`. */
export const openMailSink = async (): Promise<MailSink> => {
  const folder = dirname(serverSetting('NODE_EXTRA_CA_CERTS'));
  const [key, cert] = await Promise.all(['server.key', 'server.pem'].map((name) => readFile(join(folder, name))));
  const port = await freePort();
  const taken: Taken[] = [];
  const sockets = new Set<Socket>();
  let server: SMTPServer | undefined;

  const open = async (): Promise<void> => {
    const opened = new SMTPServer({
      secure: true,
      key: key!,
      cert: cert!,
      authOptional: true,
      logger: false,
      onData(stream, _session, done) {
        let source = '';
        stream.on('data', (piece) => (source += String(piece)));
        stream.on('end', () => {
          const { messageId, to } = readMail(source);
          taken.push({ messageId, to });
          done();
        });
      },
    });
    opened.on('error', () => undefined);
    opened.server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    });
    opened.listen(port, '127.0.0.1');
    await once(opened.server, 'listening');
    server = opened;
  };
  await open();
  return {
    url: `smtps://127.0.0.1:${port}`,
    taken,
    close: async () => {
      const closing = server;
      if (closing === undefined) return;
      server = undefined;
      const closed = new Promise<void>((resolve) => {
        closing.server.close(() => resolve());
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open,
  };
};

import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';
import { listen } from './listen.ts';
import { readMail } from './mime.ts';
import type { ReadMail } from './mime.ts';

export interface Caught {
  readonly sender: string | undefined;
  readonly recipients: string[];
  readonly source: string;
  readonly session: string;
}

export interface MailServer {
  readonly url: string;
  /** What it was given, in its order. */
  readonly caught: readonly Caught[];
  readonly mailsOf: (address: string) => Promise<ReadMail[]>;
  readonly close: () => void;
}

/** A mail server of this process that keeps what it is given, on a free port. */
export const startMailServer = async (options: SMTPServerOptions = {}): Promise<MailServer> => {
  const caught: Caught[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      let source = '';
      stream.on('data', (piece) => (source += String(piece)));
      stream.on('end', () => {
        const { mailFrom } = session.envelope;
        caught.push({
          sender: mailFrom === false ? undefined : mailFrom.address,
          recipients: session.envelope.rcptTo.map(({ address }) => address),
          source,
          session: session.id,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  const url = (await listen(server.server)).replace('http:', 'smtp:');
  return {
    url,
    caught,
    mailsOf: (address) =>
      Promise.resolve(
        caught.filter(({ recipients }) => recipients.includes(address)).map(({ source }) => readMail(source)),
      ),
    close: () => {
      server.close();
    },
  };
};

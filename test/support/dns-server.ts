import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** What a name answers: texts, or the code of a refusal (2: the server failed; 3: there is no such name). */
export type Zone = Map<string, readonly string[] | 2 | 3>;

export interface DnsServer {
  /** By name, in lower case; a name that is not there does not exist. */
  readonly zone: Zone;
  /** Every name that was asked for. */
  readonly asked: readonly string[];
  /** `address:port` */
  readonly address: string;
  readonly close: () => Promise<void>;
}

const HEADER = 12;
const NO_SUCH_NAME = 3;
const LONGEST_PART = 255;

/** The name in a question, and where the question ends. */
const readQuestion = (message: Buffer): { name: string; end: number } => {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
};

/** A text record for the name of the question: parts of 255 bytes at most, each after its length. */
const answerOf = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += LONGEST_PART) {
    const part = bytes.subarray(from, from + LONGEST_PART);
    parts.push(Buffer.from([part.length]), part);
  }
  const data = Buffer.concat(parts);
  const head = Buffer.from([0xc0, HEADER, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
};

const answerTo = (question: Buffer, end: number, found: readonly string[] | number): Buffer => {
  const texts = typeof found === 'number' ? [] : found;
  const header = Buffer.alloc(HEADER);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8580 | (typeof found === 'number' ? found : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(texts.length, 6);
  return Buffer.concat([header, question.subarray(HEADER, end), ...texts.map(answerOf)]);
};

/** A server of DNS on this machine, over UDP, that knows text records only. */
export const startDnsServer = async (): Promise<DnsServer> => {
  const zone: Zone = new Map();
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const { name, end } = readQuestion(message);
    asked.push(name);
    socket.send(answerTo(message, end, zone.get(name) ?? NO_SUCH_NAME), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    zone,
    asked,
    address: `127.0.0.1:${socket.address().port}`,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
};

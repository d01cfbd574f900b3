import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostileUpload } from './hostile-uploads.ts';

/** An answer to raw bytes; undefined status: the connection ended without one. */
export interface RawAnswer {
  readonly status: number | undefined;
  readonly body: string;
  /** From the last byte that was sent before the answer. */
  readonly milliseconds: number;
}

const write = async (socket: Socket, upload: HostileUpload): Promise<void> => {
  for (const piece of upload.body) {
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.write(piece, () => resolve());
    });
    if (upload.pause !== undefined) await sleep(upload.pause);
  }
};

const isWhole = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)/imu.exec(text)?.[1];
  return end >= 0 && length !== undefined && Buffer.byteLength(text) >= end + 4 + Number(length);
};

/** Sends an upload byte by byte as it is written, to `url`, and takes what is answered; one that is `cut` hangs up instead. */
export const sendUpload = async (url: URL, authorization: string, upload: HostileUpload): Promise<RawAnswer> => {
  const socket = connect(Number(url.port), url.hostname);
  let last = performance.now();
  let text = '';
  const answered = new Promise<void>((resolve) => {
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
      if (isWhole(text)) resolve();
    });
    socket.on('error', () => resolve()).on('close', () => resolve());
  });
  const head = [
    `${upload.method ?? 'POST'} ${url.pathname} HTTP/1.1`,
    `Host: ${url.host}`,
    `Authorization: ${authorization}`,
    ...upload.head,
  ];
  socket.write(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  const written = write(socket, upload).then(() => {
    last = performance.now();
  });
  if (upload.fate === 'cut') await written;
  else await answered;
  const milliseconds = performance.now() - last;
  socket.destroy();
  await written;
  const status = /^HTTP\/1\.1 (\d{3})/u.exec(text)?.[1];
  return {
    status: status === undefined ? undefined : Number(status),
    body: text.slice(text.indexOf('\r\n\r\n') + 4),
    milliseconds,
  };
};

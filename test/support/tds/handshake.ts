import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { createAssembler, packetize, TYPE } from './packets.ts';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * TLS for the rest of a connection. The handshake travels in PRELOGIN messages (MS-TDS 2.2.6.5, 3.2.5.2): each of the
 * client's is answered by one; after it TLS stands alone on the socket. Answers the clear side.
 */
export const secure = (socket: Socket, certificate: Certificate): Duplex => {
  const [inner, outer] = duplexPair();
  const clear = new TLSSocket(inner, {
    isServer: true,
    secureContext: createSecureContext({ ...certificate, maxVersion: 'TLSv1.2' }),
  });
  const assemble = createAssembler();
  let wrapped = true;
  let flight: Buffer[] = [];
  const send = (): void => {
    const payload = Buffer.concat(flight);
    flight = [];
    if (payload.length > 0) socket.write(wrapped ? packetize({ type: TYPE.prelogin, payload }) : payload);
  };
  outer.on('data', (bytes: Buffer) => {
    if (!wrapped) {
      socket.write(bytes);
      return;
    }
    if (flight.length === 0) setImmediate(send);
    flight.push(bytes);
  });
  socket.on('data', (bytes: Buffer) => {
    // The first record after the handshake is application data, which is no type of a TDS packet.
    if (wrapped && bytes[0] !== TYPE.prelogin) wrapped = false;
    if (!wrapped) outer.write(bytes);
    else for (const { payload } of assemble(bytes)) outer.write(payload);
  });
  socket.on('close', () => clear.destroy());
  clear.on('error', () => socket.destroy());
  clear.on('close', () => socket.destroy());
  return clear;
};

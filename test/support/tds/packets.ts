/** Message types of MS-TDS 2.2.3.1.1. */
export const TYPE = { batch: 0x01, rpc: 0x03, response: 0x04, attention: 0x06, login: 0x10, prelogin: 0x12 } as const;

export interface Message {
  readonly type: number;
  readonly payload: Buffer;
}

const HEADER = 8;
const END_OF_MESSAGE = 0x01;

/** A message as packets of at most `size` bytes, headers included (2.2.3). */
export const packetize = ({ type, payload }: Message, size = 4_096): Buffer => {
  const packets: Buffer[] = [];
  const room = size - HEADER;
  let at = 0;
  do {
    const part = payload.subarray(at, at + room);
    at += room;
    const header = Buffer.alloc(HEADER);
    header.writeUInt8(type, 0);
    header.writeUInt8(at >= payload.length ? END_OF_MESSAGE : 0, 1);
    header.writeUInt16BE(HEADER + part.length, 2);
    header.writeUInt8((packets.length + 1) % 256, 6);
    packets.push(Buffer.concat([header, part]));
  } while (at < payload.length);
  return Buffer.concat(packets);
};

/** Puts messages together from whatever pieces a socket gives. */
export const createAssembler = (): ((bytes: Buffer) => Message[]) => {
  let held: Buffer = Buffer.alloc(0);
  let parts: Buffer[] = [];
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    const messages: Message[] = [];
    while (held.length >= HEADER && held.length >= held.readUInt16BE(2)) {
      const length = held.readUInt16BE(2);
      if (length < HEADER) throw new Error(`a packet of ${length} bytes is shorter than its header`);
      const [type, status] = [held.readUInt8(0), held.readUInt8(1)];
      parts.push(held.subarray(HEADER, length));
      held = held.subarray(length);
      if ((status & END_OF_MESSAGE) === 0) continue;
      messages.push({ type, payload: Buffer.concat(parts) });
      parts = [];
    }
    return messages;
  };
};

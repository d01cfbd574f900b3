import { createCursor } from './bytes.ts';
import type { Cursor } from './bytes.ts';

export const ENCRYPTION = { off: 0, on: 1, notSupported: 2, required: 3 } as const;

/** PRELOGIN options by their token (2.2.6.5). */
export const readPrelogin = (payload: Buffer): ReadonlyMap<number, Buffer> => {
  const options = new Map<number, Buffer>();
  for (let at = 0; payload.readUInt8(at) !== 0xff; at += 5) {
    const offset = payload.readUInt16BE(at + 1);
    options.set(payload.readUInt8(at), payload.subarray(offset, offset + payload.readUInt16BE(at + 3)));
  }
  return options;
};

/** PRELOGIN from its options; the first must be VERSION. */
export const writePrelogin = (options: readonly (readonly [token: number, value: Buffer])[]): Buffer => {
  let offset = options.length * 5 + 1;
  const heads = options.map(([token, value]) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(token);
    head.writeUInt16BE(offset, 1);
    head.writeUInt16BE(value.length, 3);
    offset += value.length;
    return head;
  });
  return Buffer.concat([...heads, Buffer.from([0xff]), ...options.map(([, value]) => value)]);
};

export interface Login {
  /** As the client writes it, highest byte first: 0x74000004 for TDS 7.4. */
  readonly tdsVersion: number;
  readonly packetSize: number;
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly application: string;
  readonly library: string;
  readonly database: string;
  /** fReadOnlyIntent of TypeFlags. */
  readonly readOnly: boolean;
}

/** Each byte of a password has its halves swapped, then is XORed with 0xA5 (2.2.6.4). */
const reveal = (bytes: Buffer): Buffer => {
  const plain = Buffer.from(bytes);
  for (const [index, byte] of plain.entries()) {
    const mixed = byte ^ 0xa5;
    plain[index] = ((mixed & 0x0f) << 4) | (mixed >> 4);
  }
  return plain;
};

/** LOGIN7 (2.2.6.4). */
export const readLogin = (payload: Buffer): Login => {
  const piece = (at: number): Buffer => {
    const offset = payload.readUInt16LE(at);
    return payload.subarray(offset, offset + payload.readUInt16LE(at + 2) * 2);
  };
  const text = (at: number): string => piece(at).toString('utf16le');
  return {
    tdsVersion: payload.readUInt32LE(4),
    packetSize: payload.readUInt32LE(8),
    readOnly: (payload.readUInt8(26) & 0x20) !== 0,
    host: text(36),
    user: text(40),
    password: reveal(piece(44)).toString('utf16le'),
    application: text(48),
    library: text(60),
    database: text(68),
  };
};

/** Past ALL_HEADERS (2.2.5.3). */
const afterHeaders = (payload: Buffer): Cursor => createCursor(payload.subarray(payload.readUInt32LE()));

/** SQLBatch (2.2.6.7). */
export const readBatch = (payload: Buffer): string => {
  const cursor = afterHeaders(payload);
  return cursor.take(cursor.left()).toString('utf16le');
};

export interface Parameter {
  readonly name: string;
  /** In T-SQL's words, as far as requests here need. */
  readonly type: string;
  readonly value: string | bigint | null;
}

const readVariable = (cursor: Cursor): Omit<Parameter, 'name'> => {
  const code = cursor.u8();
  if (code === 0x26) {
    const declared = cursor.u8();
    const type = { 1: 'tinyint', 2: 'smallint', 4: 'int', 8: 'bigint' }[declared] ?? 'integer';
    const bytes = cursor.take(cursor.u8());
    if (bytes.length === 0) return { type, value: null };
    const wide = Buffer.alloc(8, bytes.at(-1)! & 0x80 && declared > 1 ? 0xff : 0);
    bytes.copy(wide);
    return { type, value: wide.readBigInt64LE() };
  }
  if (code !== 0xe7) throw new Error(`a parameter of type 0x${code.toString(16)} is not read here`);
  const most = cursor.u16();
  cursor.take(5);
  if (most !== 0xffff) {
    const length = cursor.u16();
    return { type: `nvarchar(${most / 2})`, value: length === 0xffff ? null : cursor.take(length).toString('utf16le') };
  }
  cursor.take(8);
  const chunks: Buffer[] = [];
  for (let length = cursor.u32(); length > 0; length = cursor.u32()) chunks.push(cursor.take(length));
  return { type: 'nvarchar(max)', value: Buffer.concat(chunks).toString('utf16le') };
};

export interface Call {
  /** A procedure's name, or its number (2.2.6.6): 10 is sp_executesql. */
  readonly procedure: string | number;
  readonly parameters: readonly Parameter[];
}

/** RPCRequest of one call (2.2.6.6). */
export const readCall = (payload: Buffer): Call => {
  const cursor = afterHeaders(payload);
  const length = cursor.u16();
  const procedure = length === 0xffff ? cursor.u16() : cursor.take(length * 2).toString('utf16le');
  cursor.u16();
  const parameters: Parameter[] = [];
  while (cursor.left() > 0) {
    const name = cursor.text8();
    cursor.u8();
    parameters.push({ name, ...readVariable(cursor) });
  }
  return { procedure, parameters };
};

import { i32, text16, text8, u16, u32, u64, u8 } from './bytes.ts';
import type { ColumnType, TdsValue } from './types.ts';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Flags of COLMETADATA; default: nullable and updatable as the server finds out. */
  readonly flags?: number;
}

/** COLMETADATA, 2.2.7.4. */
export const columnMetadata = (columns: readonly Column[]): Buffer =>
  Buffer.concat([
    u8(0x81),
    u16(columns.length),
    ...columns.flatMap(({ name, type, flags = 0x09 }) => [u32(0), u16(flags), type.info, text8(name)]),
  ]);

/** ROW, 2.2.7.19. */
export const row = (columns: readonly Column[], values: readonly TdsValue[]): Buffer =>
  Buffer.concat([u8(0xd1), ...columns.map(({ type }, index) => type.value(values[index] ?? null))]);

/** NBCROW, 2.2.7.15: a bitmap of the nulls, then what is not null. */
export const bitmapRow = (columns: readonly Column[], values: readonly TdsValue[]): Buffer => {
  const bitmap = Buffer.alloc(Math.ceil(columns.length / 8));
  const present: Buffer[] = [];
  for (const [index, { type }] of columns.entries()) {
    const value = values[index] ?? null;
    if (value === null) bitmap[index >> 3]! |= 1 << (index & 7);
    else present.push(type.value(value));
  }
  return Buffer.concat([u8(0xd2), bitmap, ...present]);
};

const DONE = { plain: 0xfd, procedure: 0xfe, inProcedure: 0xff } as const;
const MORE = 0x01;
const FAILED = 0x02;
const COUNT = 0x10;
const ATTENTION = 0x20;
const SELECT = 0xc1;

const done = (kind: number, status: number, command: number, rows: number): Buffer =>
  Buffer.concat([u8(kind), u16(status), u16(command), u64(BigInt(rows))]);

/** DONE after a statement, 2.2.7.6. */
export const doneOf = (rows: number): Buffer => done(DONE.plain, COUNT, SELECT, rows);
export const donePlain = done(DONE.plain, 0, 0, 0);
export const doneFailed = done(DONE.plain, FAILED, 0, 0);
/** Answers an attention, 2.2.1.7. */
export const doneAttention = done(DONE.plain, ATTENTION, 0, 0);

/** What ends an RPC: DONEINPROC, RETURNSTATUS, DONEPROC (2.2.7.7, 2.2.7.18, 2.2.7.8). */
export const procedureEnd = (rows: number): Buffer =>
  Buffer.concat([
    done(DONE.inProcedure, MORE | COUNT, SELECT, rows),
    u8(0x79),
    i32(0),
    done(DONE.procedure, 0, 0xe0, 0),
  ]);

const message = (token: number, number: number, severity: number, text: string): Buffer => {
  const body = Buffer.concat([i32(number), u8(1), u8(severity), text16(text), text8('TESTSQL'), text8(''), u32(1)]);
  return Buffer.concat([u8(token), u16(body.length), body]);
};

/** ERROR, 2.2.7.10. */
export const error = (number: number, severity: number, text: string): Buffer => message(0xaa, number, severity, text);
/** INFO, 2.2.7.13. */
export const info = (number: number, text: string): Buffer => message(0xab, number, 0, text);

const change = (kind: number, now: string, before: string): Buffer => {
  const body = Buffer.concat([u8(kind), text8(now), text8(before)]);
  return Buffer.concat([u8(0xe3), u16(body.length), body]);
};
/** ENVCHANGE, 2.2.7.9: database, and size of packets. */
export const databaseChange = (now: string, before: string): Buffer => change(1, now, before);
export const packetSizeChange = (now: number, before: number): Buffer => change(4, String(now), String(before));

/** LOGINACK of TDS 7.4, 2.2.7.14. */
export const loginAck = (): Buffer => {
  const version = Buffer.from([0x74, 0x00, 0x00, 0x04]);
  const body = Buffer.concat([u8(1), version, text8('Microsoft SQL Server'), Buffer.from([16, 0, 0x10, 0x00])]);
  return Buffer.concat([u8(0xad), u16(body.length), body]);
};

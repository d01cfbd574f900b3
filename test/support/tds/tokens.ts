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

interface MessageText {
  readonly number: number;
  readonly state: number;
  readonly severity: number;
  readonly text: string;
  readonly server: string;
  readonly line: number;
}

const message = (token: number, { number, state, severity, text, server, line }: MessageText): Buffer => {
  const body = Buffer.concat([i32(number), u8(state), u8(severity), text16(text), text8(server), text8(''), u32(line)]);
  return Buffer.concat([u8(token), u16(body.length), body]);
};

/** ERROR, 2.2.7.10. */
export const error = (number: number, severity: number, text: string): Buffer =>
  message(0xaa, { number, state: 1, severity, text, server: 'TESTSQL', line: 1 });

/** ENVCHANGE, 2.2.7.9. */
const change = (kind: number, now: Buffer, before: Buffer): Buffer => {
  const body = Buffer.concat([u8(kind), now, before]);
  return Buffer.concat([u8(0xe3), u16(body.length), body]);
};
const CHANGE = { database: 1, language: 2, packetSize: 4, collation: 7 } as const;
/** SQL_Latin1_General_CP1_CI_AS, 2.2.5.1.2. */
const COLLATION = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

/** What is said to somebody who was let in. */
export interface Welcome {
  readonly database: string;
  readonly packetSize: number;
  /** What the client asked for. */
  readonly packetSizeBefore: number;
  /** The server's own name. */
  readonly server: string;
  /** As LOGINACK carries them, 2.2.7.14: four bytes each, and the product's name. */
  readonly tdsVersion: ArrayLike<number>;
  readonly program: string;
  readonly programVersion: ArrayLike<number>;
}

/** The answer to a login, in the order of 4.4: the database, collation, language and size of packets, then LOGINACK. */
export const loginResponse = (welcome: Welcome): Buffer => {
  const { database, packetSize, packetSizeBefore, server, tdsVersion, program, programVersion } = welcome;
  const info = (number: number, state: number, text: string): Buffer =>
    message(0xab, { number, state, severity: 0, text, server, line: 0 });
  const ack = Buffer.concat([u8(1), Buffer.from(tdsVersion), text8(program), Buffer.from(programVersion)]);
  return Buffer.concat([
    change(CHANGE.database, text8(database), text8('master')),
    info(5701, 2, `Changed database context to '${database}'.`),
    change(CHANGE.collation, Buffer.concat([u8(COLLATION.length), COLLATION]), text8('')),
    change(CHANGE.language, text8('us_english'), text8('')),
    change(CHANGE.packetSize, text8(String(packetSize)), text8(String(packetSizeBefore))),
    info(5703, 1, 'Changed language setting to us_english.'),
    u8(0xad),
    u16(ack.length),
    ack,
    donePlain,
  ]);
};

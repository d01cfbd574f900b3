import { i32, little, u16, u32, u64, u8, utf16 } from './bytes.ts';

export type TdsValue = string | number | bigint | boolean | Date | null;

/** How values of a type of SQL Server go over the wire: TYPE_INFO and TYPE_VARBYTE of MS-TDS 2.2.5.4 to 2.2.5.6. */
export interface ColumnType {
  readonly info: Buffer;
  value(value: TdsValue): Buffer;
}

/** Latin1_General_CI_AS, as in the examples of section 4. */
const COLLATION = Buffer.from('0904D00034', 'hex');
const NULL16 = Buffer.from('FFFF', 'hex');
const PLP_NULL = u64(0xff_ff_ff_ff_ff_ff_ff_ffn);
const PLP_UNKNOWN = u64(0xff_ff_ff_ff_ff_ff_ff_fen);
const CHUNK = 4_000;
const DAY_TICKS = 864_000_000_000n;
const DAYS_TO_1900 = 693_595;
const DAYS_TO_1970 = 719_162n;

/** 100 ns since 0001-01-01 UTC; text carries up to seven digits of the second. */
const ticksOf = (value: TdsValue): bigint => {
  const text = value instanceof Date ? value.toISOString() : String(value);
  const [, seconds = '', fraction = ''] = /^(.+?)(?:\.(\d{1,7}))?Z?$/.exec(text) ?? [];
  const ms = BigInt(Date.parse(`${seconds.includes('T') ? seconds : `${seconds}T00:00:00`}Z`));
  return ms * 10_000n + BigInt(fraction.padEnd(7, '0')) + DAYS_TO_1970 * DAY_TICKS;
};

const short = (bytes: Buffer): Buffer => Buffer.concat([u8(bytes.length), bytes]);
const NONE = u8(0);

const nullable = (info: Buffer, encode: (value: Exclude<TdsValue, null>) => Buffer): ColumnType => ({
  info,
  value: (value) => (value === null ? NONE : short(encode(value))),
});
const fixed = (code: number, encode: (value: Exclude<TdsValue, null>) => Buffer): ColumnType => ({
  info: u8(code),
  value: (value) => {
    if (value === null) throw new Error('a column that is not nullable has no value');
    return encode(value);
  },
});

const INTEGERS: Readonly<Record<string, { bytes: number; code: number }>> = {
  tinyint: { bytes: 1, code: 0x30 },
  smallint: { bytes: 2, code: 0x34 },
  int: { bytes: 4, code: 0x38 },
  bigint: { bytes: 8, code: 0x7f },
  bit: { bytes: 1, code: 0x32 },
};
const float = (bytes: number) => (value: Exclude<TdsValue, null>) => {
  const target = Buffer.alloc(bytes);
  if (bytes === 8) target.writeDoubleLE(Number(value));
  else target.writeFloatLE(Number(value));
  return target;
};

const decimal = (precision: number, scale: number): ColumnType => {
  const bytes = precision <= 9 ? 4 : 8;
  return nullable(Buffer.from([0x6a, bytes + 1, precision, scale]), (value) => {
    const unscaled = BigInt(Math.round(Number(value) * 10 ** scale));
    return Buffer.concat([u8(unscaled < 0n ? 0 : 1), little(unscaled < 0n ? -unscaled : unscaled, bytes)]);
  });
};

/** Partially length-prefixed (2.2.5.2.3), in several chunks as a long value comes. */
const plp = (bytes: Buffer): Buffer => {
  const chunks: Buffer[] = [PLP_UNKNOWN];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const chunk = bytes.subarray(at, at + CHUNK);
    chunks.push(u32(chunk.length), chunk);
  }
  return Buffer.concat([...chunks, u32(0)]);
};

const text = (code: number, length: string | undefined, encode: (value: string) => Buffer, width: number): ColumnType =>
  length === 'max'
    ? {
        info: Buffer.concat([u8(code), NULL16, COLLATION]),
        value: (value) => (value === null ? PLP_NULL : plp(encode(String(value)))),
      }
    : {
        info: Buffer.concat([u8(code), u16(Number(length) * width), COLLATION]),
        value: (value) => {
          if (value === null) return NULL16;
          const bytes = encode(String(value));
          return Buffer.concat([u16(bytes.length), bytes]);
        },
      };

const timeBytes = (scale: number): number => (scale <= 2 ? 3 : scale <= 4 ? 4 : 5);
/** Time of day in units of the scale, rounded as the server does, then days since 0001-01-01 (2.2.5.5.1.8). */
const dateAndTime = (ticks: bigint, scale: number): Buffer => {
  const unit = 10n ** BigInt(7 - scale);
  const rounded = ((ticks + unit / 2n) / unit) * unit;
  return Buffer.concat([little((rounded % DAY_TICKS) / unit, timeBytes(scale)), little(rounded / DAY_TICKS, 3)]);
};

/** Days since 1900 and three-hundredths of a second (2.2.5.5.1.7). */
const datetime = (value: TdsValue): Buffer => {
  const thirds = (ticksOf(value) * 300n + 5_000_000n) / 10_000_000n;
  const day = 25_920_000n;
  return Buffer.concat([i32(Number(thirds / day) - DAYS_TO_1900), u32(Number(thirds % day))]);
};

/** `2026-04-05T00:00:00-04:00` as UTC and the minutes of its zone. */
const withOffset = (value: TdsValue, scale: number): Buffer => {
  const [, local = '', sign = '+', hours = '0', minutes = '0'] =
    /^(.+?)(?:([+-])(\d\d):(\d\d)|Z)$/.exec(value instanceof Date ? value.toISOString() : String(value)) ?? [];
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const utc = ticksOf(`${local}Z`) - BigInt(offset) * 600_000_000n;
  return Buffer.concat([dateAndTime(utc, scale), little(BigInt(offset), 2)]);
};

/** The first three groups of a GUID are little-endian (2.2.5.5.2). */
const guid = (value: TdsValue): Buffer => {
  const bytes = Buffer.from(String(value).replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).swap32();
  bytes.subarray(4, 8).swap16();
  return bytes;
};

/** A type by its name in T-SQL: `nvarchar(64)`, `decimal(4,1)`, `datetime2(7)`, `bigint not null`. */
export const columnType = (declared: string): ColumnType => {
  const [, name = '', first, second, isFixed] =
    /^(\w+)(?:\((\w+)(?:,\s*(\d+))?\))?(\s+not null)?$/.exec(declared) ?? [];
  const integer = INTEGERS[name];
  if (integer !== undefined) {
    const encode = (value: Exclude<TdsValue, null>) => little(BigInt(value as number), integer.bytes);
    const code = name === 'bit' ? 0x68 : 0x26;
    return isFixed === undefined ? nullable(Buffer.from([code, integer.bytes]), encode) : fixed(integer.code, encode);
  }
  const scale = Number(first ?? 7);
  switch (name) {
    case 'float':
      return nullable(Buffer.from([0x6d, 8]), float(8));
    case 'real':
      return nullable(Buffer.from([0x6d, 4]), float(4));
    case 'decimal':
      return decimal(Number(first), Number(second));
    case 'nvarchar':
      return text(0xe7, first, utf16, 2);
    case 'varchar':
      return text(0xa7, first, (value) => Buffer.from(value, 'latin1'), 1);
    case 'datetime':
      return isFixed === undefined ? nullable(Buffer.from([0x6f, 8]), datetime) : fixed(0x3d, datetime);
    case 'datetime2':
      return nullable(Buffer.from([0x2a, scale]), (value) => dateAndTime(ticksOf(value), scale));
    case 'datetimeoffset':
      return nullable(Buffer.from([0x2b, scale]), (value) => withOffset(value, scale));
    case 'date':
      return nullable(u8(0x28), (value) => little(ticksOf(value) / DAY_TICKS, 3));
    case 'uniqueidentifier':
      return nullable(Buffer.from([0x24, 16]), guid);
    default:
      throw new Error(`no such type here: ${declared}`);
  }
};

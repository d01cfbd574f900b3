/** Reads little-endian values of MS-TDS 2.2.5 one after the other; past the end it throws RangeError. */
export const createCursor = (bytes: Buffer) => {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('a request ends in the middle of a value');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const cursor = {
    take,
    left: () => bytes.length - at,
    u8: () => take(1).readUInt8(),
    u16: () => take(2).readUInt16LE(),
    u32: () => take(4).readUInt32LE(),
    /** Text with its length in characters before it: one byte, or two. */
    text8: () => take(cursor.u8() * 2).toString('utf16le'),
    text16: () => take(cursor.u16() * 2).toString('utf16le'),
  };
  return cursor;
};
export type Cursor = ReturnType<typeof createCursor>;

const whole = (bytes: number, write: (target: Buffer) => unknown): Buffer => {
  const target = Buffer.alloc(bytes);
  write(target);
  return target;
};
export const u8 = (value: number): Buffer => whole(1, (target) => target.writeUInt8(value));
export const u16 = (value: number): Buffer => whole(2, (target) => target.writeUInt16LE(value));
export const u32 = (value: number): Buffer => whole(4, (target) => target.writeUInt32LE(value));
export const i32 = (value: number): Buffer => whole(4, (target) => target.writeInt32LE(value));
export const u64 = (value: bigint): Buffer => whole(8, (target) => target.writeBigUInt64LE(value));
export const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
export const text8 = (text: string): Buffer => Buffer.concat([u8(text.length), utf16(text)]);
export const text16 = (text: string): Buffer => Buffer.concat([u16(text.length), utf16(text)]);
/** A whole number in `bytes` bytes, at most 8. */
export const little = (value: bigint, bytes: number): Buffer => u64(BigInt.asUintN(64, value)).subarray(0, bytes);

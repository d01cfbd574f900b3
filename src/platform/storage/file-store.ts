import type { Readable } from 'node:stream';

/** Files under keys, wherever they lie. Every adapter passes one contract suite. */
export interface FileStore {
  /**
   * Stores what the source gives, replacing what stood under the key. The file appears whole or not at all: if the source fails or
   * is destroyed, or gives more than `maxBytes` (StorageError `too_large`), nothing is left and an older file stands.
   */
  put: (key: string, source: Readable, options: PutOptions) => Promise<{ size: number; sha256: string }>;
  /** The bytes of a file, or of a part of it. StorageError `not_found`; `bad_range` if the range starts beyond its end. */
  get: (key: string, options?: { range?: ByteRange }) => Promise<Readable>;
  stat: (key: string) => Promise<FileStat | undefined>;
  /** Removes a file; one that is not there is no error. */
  remove: (key: string) => Promise<void>;
  /** The files whose key starts with the prefix (empty for all), in the order of their keys' bytes. */
  list: (prefix: string) => AsyncIterable<{ key: string; size: number; modifiedAt: Date }>;
}

export interface PutOptions {
  /** Media type, as `application/pdf` or `text/csv; charset=utf-8`. */
  contentType: string;
  maxBytes: number;
}

/** First and last byte, both counted from 0 and both included; without `end`, up to the last byte. */
export interface ByteRange {
  start: number;
  end?: number;
}

export interface FileStat {
  size: number;
  contentType: string;
  /** SHA-256 of the bytes, hexadecimal. */
  sha256: string;
  modifiedAt: Date;
}

export class StorageError extends Error {
  /** `unavailable`: no answer in time, or none that makes sense; worth another try later. */
  readonly code: 'bad_key' | 'bad_type' | 'bad_range' | 'not_found' | 'too_large' | 'unavailable';

  constructor(code: StorageError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}

const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const LONGEST_KEY = 512;
const LONGEST_SEGMENT = 200;

/**
 * Throws StorageError `bad_key` unless a key is segments of `A-Z a-z 0-9 . _ -`, joined by `/`, none starting with a dot: so it can be
 * a path on any system and never leaves its folder.
 */
export function checkKey(key: string): void {
  const segments = key.split('/');
  if (key.length <= LONGEST_KEY && segments.every((part) => part.length <= LONGEST_SEGMENT && SEGMENT.test(part)))
    return;
  throw new StorageError(
    'bad_key',
    `the file key ${JSON.stringify(key.slice(0, 80))} must be made of A-Z a-z 0-9 . _ - and /`,
  );
}

/** Throws StorageError unless the key is well formed and the content type is a plain media type. */
export function checkPut(key: string, { contentType }: PutOptions): void {
  checkKey(key);
  if (contentType.length <= 120 && /^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+="?[\w.+-]+"?)*$/.test(contentType)) return;
  throw new StorageError('bad_type', 'the content type must read as type/subtype, with parameters if any');
}

/** Throws StorageError `bad_range` unless the range names at least one byte of a file of this size. Returns its last byte. */
export function lastByte(range: ByteRange, size: number): number {
  const end = Math.min(range.end ?? Infinity, size - 1);
  if (Number.isInteger(range.start) && range.start >= 0 && range.start <= end) return end;
  throw new StorageError(
    'bad_range',
    `the range must start within the ${size} bytes of the file and not end before its start`,
  );
}

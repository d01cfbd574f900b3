import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { rutCheckDigit } from '../../src/platform/text/rut.ts';

/**
 * What becomes of an upload: `refused` with a status of 4xx; taken and `rejected` once it is read; `harmless`: taken, with
 * nothing in it that could hurt; `cut`: its sender goes before an answer is due.
 */
export type Fate = 'refused' | 'rejected' | 'harmless' | 'cut';

export interface HostileUpload {
  readonly name: string;
  /** Default: POST. */
  readonly method?: 'PUT';
  readonly fate: Fate;
  /** Head lines beside the request line, Host and Authorization, as they go over the wire. */
  readonly head: readonly string[];
  readonly body: Iterable<Buffer>;
  /** Milliseconds between the parts of the body. */
  readonly pause?: number;
}

const BOUNDARY = 'a-boundary-of-its-own';
const MULTIPART = `Content-Type: multipart/form-data; boundary=${BOUNDARY}`;
const MEGABYTE = 1024 * 1024;
const RUT = `21987654-${rutCheckDigit('21987654')}`;
/** A file with which nothing is wrong. */
const GOOD = `first_name,last_name,rut\nAna,Prueba,${RUT}\n`;
const HEADINGS = 'first_name,last_name,rut,passport,email,phone,employee_number,kind,department,expires_on,safer_id\n';

interface Part {
  readonly field?: string;
  readonly fileName?: string;
  readonly type?: string;
  /** What Content-Disposition says instead of both. */
  readonly disposition?: string;
  readonly more?: string;
  readonly encoding?: BufferEncoding;
}

const part = (content: Buffer | string, { field = 'file', fileName = 'people.csv', ...rest }: Part = {}): Buffer => {
  const { type = 'text/csv', more = '', encoding = 'utf8' } = rest;
  const disposition = rest.disposition ?? `form-data; name="${field}"; filename="${fileName}"`;
  return Buffer.concat([
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\nContent-Type: ${type}\r\n${more}\r\n`,
      encoding,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
};
const END = Buffer.from(`--${BOUNDARY}--\r\n`);

const whole = (name: string, fate: Fate, body: Buffer, head: readonly string[] = [MULTIPART]): HostileUpload => ({
  name,
  fate,
  head: [...head, `Content-Length: ${body.length}`],
  body: [body],
});
const file = (name: string, fate: Fate, content: Buffer | string, how?: Part): HostileUpload =>
  whole(name, fate, Buffer.concat([part(content, how), END]));
const form = (name: string, fate: Fate, ...parts: readonly Buffer[]): HostileUpload =>
  whole(name, fate, Buffer.concat([...parts, END]));
const named = (name: string, fileName: string): HostileUpload => file(name, 'harmless', GOOD, { fileName });

/** A ZIP archive of one file. */
const zip = (name: string, content: Buffer): Buffer => {
  const packed = deflateRawSync(content);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
  const entry = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(entry.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, entry, Buffer.from('PK\x05\x06'), end]);
};

/** The head of a PNG image that says how large it is. */
const png = (width: number, height: number): Buffer => {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), size, Buffer.from('\x08\x06\0\0\0')]);
};

function* repeated(chunk: Buffer, times: number): Generator<Buffer> {
  for (let count = 0; count < times; count += 1) yield chunk;
}
export function* chunked(first: Buffer, chunk: Buffer, times: number): Generator<Buffer> {
  for (const one of [first, ...repeated(chunk, times)])
    yield Buffer.concat([Buffer.from(`${one.length.toString(16)}\r\n`), one, Buffer.from('\r\n')]);
  yield Buffer.from('0\r\n\r\n');
}

const otherTypes = (): HostileUpload[] => [
  file('zip bomb', 'rejected', zip('people.csv', Buffer.alloc(20 * MEGABYTE)), { type: 'application/zip' }),
  file('zip in a zip, named csv', 'rejected', zip('a.zip', zip('b.zip', Buffer.alloc(MEGABYTE)))),
  file('gzip bomb', 'rejected', gzipSync(Buffer.alloc(20 * MEGABYTE)), { type: 'application/gzip' }),
  file('image of 65535 by 65535', 'rejected', png(65_535, 65_535), { fileName: 'photo.png', type: 'image/png' }),
  file('image named csv', 'rejected', png(1, 1)),
  file('SVG with a script', 'rejected', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', {
    fileName: 'a.svg',
    type: 'image/svg+xml',
  }),
  file('page with a script', 'rejected', '<!doctype html><script>alert(1)</script>', { type: 'text/html' }),
  file(
    'entities that grow',
    'rejected',
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
    { type: 'application/xml' },
  ),
  file('program', 'rejected', Buffer.from('\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0', 'latin1')),
  file('shell script', 'rejected', '#!/bin/sh\nrm -rf /\n', { fileName: 'people.sh', type: 'application/x-sh' }),
  file('polyglot of GIF and script', 'rejected', 'GIF89a=1;/*\n*/alert(1)\n', { type: 'image/gif' }),
  file('polyglot of PDF and CSV', 'rejected', `%PDF-1.4\n${GOOD}`, { type: 'application/pdf' }),
  file('polyglot of CSV and ZIP', 'rejected', Buffer.concat([Buffer.from(GOOD), zip('a', Buffer.alloc(9))])),
  file('CSV that says it is a program', 'harmless', GOOD, { type: 'application/x-msdownload' }),
  file('CSV in Base64', 'rejected', Buffer.from(GOOD).toString('base64'), {
    more: 'Content-Transfer-Encoding: base64\r\n',
  }),
];

const names = (): HostileUpload[] => [
  named('name that climbs', '../../../../etc/passwd'),
  named('name that climbs on Windows', '..\\\\..\\\\..\\\\windows\\\\system32\\\\a.csv'),
  named('name that is a path', '/etc/cron.d/people.csv'),
  named('name that climbs, encoded', '..%2f..%2f%2e%2e%2fpeople.csv'),
  named('name of two dots', '..'),
  named('name of blanks', '   '),
  named('name written from right to left', 'people\u202Evsc.exe'),
  named('name with what is not seen', 'peo\u200Bple\u2066\uFEFF.csv'),
  file('name with a NUL', 'refused', GOOD, { fileName: 'people.csv\0.exe' }),
  file('name with a bell', 'refused', GOOD, { fileName: 'peo\u0007ple.csv' }),
  named('name that is a formula', "=cmd|' /C calc'!A0.csv"),
  named('name that is markup', '<img src=x onerror=alert(1)>.csv'),
  named('name of 4,000 letters', `${'x'.repeat(4_000)}.csv`),
  named('name cut between two halves of a sign', `x${'\u{1F600}'.repeat(300)}`),
  file('name that is no UTF-8', 'harmless', GOOD, { fileName: 'a\u00FF\u00FE.csv', encoding: 'latin1' }),
  named('name of a device', 'CON.csv'),
  file('name that climbs, in the longer form', 'harmless', GOOD, {
    disposition: `form-data; name="file"; filename*=UTF-8''..%2F..%2Fa%00%E2%80%AE.csv`,
  }),
];

const contents = (): HostileUpload[] => {
  const cells = (value: string): string =>
    `${HEADINGS}${HEADINGS.split(',')
      .map((_heading, column, { length }) =>
        Array.from({ length }, (_cell, at) => (at === column ? value : (['Ana', 'Prueba', RUT][at] ?? ''))).join(','),
      )
      .join('\n')}\n`;
  return [
    file('formula cells', 'harmless', `first_name,last_name,rut\n=1+1,"@SUM(A1:A9)",${RUT}\n`),
    file('formula in the headings', 'rejected', `first_name,last_name,=HYPERLINK("http://x")\nA,B,C\n`),
    file('NUL in every cell', 'rejected', cells('a\0b')),
    file('control characters in every cell', 'rejected', cells('a\u0008\u001Bb')),
    file('NUL only', 'rejected', Buffer.alloc(MEGABYTE)),
    file('Latin-1', 'rejected', Buffer.from('first_name,last_name,rut\nJosé,Ñandú,1-9\n', 'latin1')),
    file('UTF-16', 'rejected', Buffer.from(`\uFEFF${GOOD}`, 'utf16le')),
    file('overlong UTF-8', 'rejected', Buffer.concat([Buffer.from(GOOD), Buffer.from([0xc0, 0xaf, 0x0a])])),
    file('half a sign at the end', 'rejected', Buffer.concat([Buffer.from(GOOD), Buffer.from([0xf0, 0x9f])])),
    file('surrogates in UTF-8', 'rejected', Buffer.concat([Buffer.from(GOOD), Buffer.from([0xed, 0xa0, 0x80])])),
    file('UTF-8 where it says UTF-7', 'harmless', GOOD, { type: 'text/csv; charset=utf-7' }),
    file('quote that never ends', 'rejected', `first_name,last_name,rut\n"${'x'.repeat(MEGABYTE)}`),
    file('line of 5 MB', 'rejected', 'x'.repeat(5 * MEGABYTE)),
    file('100,000 columns', 'rejected', `${'a,'.repeat(100_000)}a\n`),
    file('500,000 empty lines', 'rejected', '\n'.repeat(500_000)),
    file('headings of a prototype', 'rejected', 'first_name,last_name,__proto__,constructor\nA,B,C,D\n'),
    file('a role for everybody', 'rejected', `first_name,last_name,rut,role\nA,B,${RUT},owner\n`),
    file('empty', 'rejected', ''),
  ];
};

const forms = (): HostileUpload[] => [
  form('no file', 'refused'),
  form('file under another name', 'refused', part(GOOD, { field: '__proto__' })),
  form('two files', 'refused', part(GOOD), part(GOOD)),
  form('field behind the file', 'refused', part(GOOD), part('owner', { disposition: 'form-data; name="role"' })),
  form('file within a form within the form', 'refused', part(GOOD, { disposition: 'attachment' })),
  form('head of a part of 200 kB', 'refused', part(GOOD, { more: `X-Long: ${'x'.repeat(200_000)}\r\n` })),
  whole('no boundary', 'refused', part(GOOD), ['Content-Type: multipart/form-data']),
  whole('another boundary', 'refused', Buffer.concat([part(GOOD), END]), [
    'Content-Type: multipart/form-data; boundary=other',
  ]),
  whole('no end', 'refused', part(GOOD)),
  whole('file without a form', 'refused', Buffer.from(GOOD), ['Content-Type: text/csv']),
  whole('JSON', 'refused', Buffer.from('{"file":"x"}'), ['Content-Type: application/json']),
  whole('nothing said of its type', 'refused', Buffer.concat([part(GOOD), END]), []),
  whole('compressed form', 'refused', gzipSync(Buffer.concat([part(GOOD), END])), [
    MULTIPART,
    'Content-Encoding: gzip',
  ]),
];

const wires = (): HostileUpload[] => {
  const good = Buffer.concat([part(GOOD), END]);
  return [
    {
      name: '10 GB, as it says',
      fate: 'refused',
      head: [MULTIPART, `Content-Length: ${10 * 1024 * MEGABYTE}`],
      body: [part(Buffer.alloc(MEGABYTE))],
    },
    {
      name: 'a length beyond all numbers',
      fate: 'refused',
      head: [MULTIPART, `Content-Length: ${'9'.repeat(40)}`],
      body: [good],
    },
    {
      name: 'two lengths',
      fate: 'refused',
      head: [MULTIPART, 'Content-Length: 10', 'Content-Length: 9'],
      body: [good],
    },
    {
      name: 'a length and chunks',
      fate: 'refused',
      head: [MULTIPART, `Content-Length: ${good.length}`, 'Transfer-Encoding: chunked'],
      body: [good],
    },
    {
      name: 'chunks that never end',
      fate: 'refused',
      head: [MULTIPART, 'Transfer-Encoding: chunked'],
      body: chunked(part(''), Buffer.alloc(MEGABYTE, 'x'), 52),
    },
    { name: 'shorter than it says', fate: 'cut', head: [MULTIPART, 'Content-Length: 1000000'], body: [good] },
    {
      name: 'gone in the middle of the file',
      fate: 'cut',
      head: [MULTIPART, 'Content-Length: 40000000'],
      body: [part(Buffer.alloc(8 * MEGABYTE, 'x'))],
    },
    {
      name: 'a byte now and then',
      fate: 'cut',
      head: [MULTIPART, `Content-Length: ${good.length}`],
      body: [good.subarray(0, -20), ...Array.from({ length: 10 }, (_byte, at) => good.subarray(at - 20, at - 19))],
      pause: 50,
    },
  ];
};

/** Uploads that mean no good, as they go over the wire; bodies are made anew in each call. */
export const hostileUploads = (): readonly HostileUpload[] => [
  ...otherTypes(),
  ...names(),
  ...contents(),
  ...forms(),
  ...wires(),
];

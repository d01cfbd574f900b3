import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createKeyRing } from '../../../src/platform/crypto/key-ring.ts';
import {
  createRandom,
  dataKeyRing,
  hmac,
  lookupHashes,
  needsReseal,
  newDataKey,
  open,
  openBytes,
  seal,
  SealError,
  unwrap,
  wrap,
} from '../../../src/platform/crypto/sealed.ts';

const older = { id: 'older', bytes: randomBytes(32) };
const newer = { id: 'newer', bytes: randomBytes(32) };
const ring = createKeyRing([older]);
const rotated = createKeyRing([newer, older]);
const retired = createKeyRing([newer]);

function reasonOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SealError) return error.reason;
    throw error;
  }
  return 'opened';
}

describe('sealed values', () => {
  it('open again, whatever they hold', () => {
    const bytes = randomBytes(100_000);
    for (const text of ['', 'a', 'Ñandú 🦤', 'x'.repeat(100_000)]) {
      expect(open(seal(text, ring, 'person.rut'), ring, 'person.rut')).to.equal(text);
    }
    expect(openBytes(seal(bytes, ring, 'b'), ring, 'b').equals(bytes)).to.equal(true);
  });

  it('never look alike twice, and do not show the text', () => {
    const values = Array.from({ length: 100 }, () => seal('12345678-5', ring, 'rut'));
    expect(new Set(values).size).to.equal(100);
    expect(Buffer.from(values[0]?.split('.')[1] ?? '', 'base64url').includes('12345678')).to.equal(false);
  });

  it('are sealed with random bytes that are given once, however many are asked for', () => {
    const random = createRandom();
    const sizes = Array.from({ length: 2_000 }, (_, index) => (index === 700 ? 20_000 : 12 + (index % 30)));
    const given = sizes.map((size) => random(size));
    expect(given.map(({ length }) => length)).to.deep.equal(sizes);
    expect(new Set(given.map((bytes) => bytes.toString('hex', 0, 12))).size).to.equal(sizes.length);
    const before = given.map((bytes) => bytes.toString('hex'));
    for (const [index, bytes] of given.entries()) if (index % 2 === 0) bytes.fill(0);
    expect(given.every((bytes, index) => index % 2 === 0 || bytes.toString('hex') === before[index])).to.equal(true);
    const sealed = Array.from({ length: 1_000 }, () => seal('12345678-5', ring, 'rut', random));
    expect(new Set(sealed.map((text) => text.slice(0, text.indexOf('.') + 17))).size).to.equal(1_000);
    expect(sealed.every((text) => open(text, ring, 'rut') === '12345678-5')).to.equal(true);
  });

  it('do not open when any one character was changed, cut or added', () => {
    const sealed = seal('secret', ring, 'place');
    for (let index = 0; index < sealed.length; index++) {
      const other = sealed[index] === 'A' ? 'B' : 'A';
      const changed = sealed.slice(0, index) + other + sealed.slice(index + 1);
      expect(
        reasonOf(() => open(changed, ring, 'place')),
        `character ${index}`,
      ).not.to.equal('opened');
      expect(
        reasonOf(() => open(sealed.slice(0, index), ring, 'place')),
        `cut at ${index}`,
      ).not.to.equal('opened');
    }
    for (const more of ['A', 'AAAA', '.', '=', ' ', '\n']) {
      expect(
        reasonOf(() => open(sealed + more, ring, 'place')),
        JSON.stringify(more),
      ).not.to.equal('opened');
    }
    expect(reasonOf(() => open('', ring, 'place'))).to.equal('malformed');
  });

  it('do not open in another place, nor where id and place are cut differently', () => {
    const sealed = seal('secret', ring, 'person:1');
    expect(reasonOf(() => open(sealed, ring, 'person:2'))).to.equal('forged');
    const twins = createKeyRing([
      { id: 'a', bytes: older.bytes },
      { id: 'ab', bytes: older.bytes },
    ]);
    const moved = `ab${seal('secret', twins, 'bc').slice(1)}`;
    expect(reasonOf(() => open(moved, twins, 'c'))).to.equal('forged');
  });

  it('open after a rotation, ask to be sealed again, and are lost once the key is retired', () => {
    const sealed = seal('secret', ring, 'place');
    expect(open(sealed, rotated, 'place')).to.equal('secret');
    expect(needsReseal(sealed, rotated)).to.equal(true);
    const again = seal(open(sealed, rotated, 'place'), rotated, 'place');
    expect(needsReseal(again, rotated)).to.equal(false);
    expect(open(again, retired, 'place')).to.equal('secret');
    expect(reasonOf(() => open(sealed, retired, 'place'))).to.equal('unknown_key');
  });
});

describe('data keys', () => {
  it('seal for one owner, through a rotation of the key that wraps them', () => {
    const dataKey = newDataKey();
    const sealed = seal('before/after', dataKeyRing(dataKey), 'change:1');
    const wrapped = wrap(dataKey, ring, 'person:1');
    const rewrapped = wrap(unwrap(wrapped, rotated, 'person:1'), rotated, 'person:1');
    expect(open(sealed, dataKeyRing(unwrap(rewrapped, retired, 'person:1')), 'change:1')).to.equal('before/after');
    expect(reasonOf(() => unwrap(wrapped, ring, 'person:2'))).to.equal('forged');
    expect(reasonOf(() => open(sealed, dataKeyRing(newDataKey()), 'change:1'))).to.equal('forged');
  });

  it('are not opened as a value, nor a value as a data key', () => {
    const dataKey = newDataKey();
    expect(reasonOf(() => openBytes(wrap(dataKey, ring, 'p'), ring, 'p'))).to.equal('forged');
    expect(reasonOf(() => unwrap(seal(randomBytes(32), ring, 'p'), ring, 'p'))).to.equal('forged');
  });
});

describe('look-up hashes', () => {
  it('are stable for a text and a purpose, and differ between texts, purposes and keys', () => {
    expect(hmac(ring, 'rut', '12345678-5')).to.equal(hmac(ring, 'rut', '12345678-5'));
    const hashes = [
      hmac(ring, 'rut', '12345678-5'),
      hmac(ring, 'rut', '12345678-6'),
      hmac(ring, 'email', '12345678-5'),
      hmac(ring, 'rut1', '2345678-5'),
      hmac(retired, 'rut', '12345678-5'),
    ];
    expect(new Set(hashes.map((hash) => hash.split('.')[1])).size).to.equal(hashes.length);
  });

  it('are found under every key of the ring while keys rotate', () => {
    expect(lookupHashes(rotated, 'rut', '1-9')).to.deep.equal([hmac(retired, 'rut', '1-9'), hmac(ring, 'rut', '1-9')]);
  });
});

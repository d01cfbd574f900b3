import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { createKeyRing, parseKeyRing } from '../../../src/platform/crypto/key-ring.ts';

const first = randomBytes(32);
const second = randomBytes(32);

describe('a key ring', () => {
  it('reads the keys of a setting, the current one first', () => {
    const ring = parseKeyRing(`2026b:${first.toString('base64')}, 2026a:${second.toString('base64url')}`);
    expect(ring.current.id).to.equal('2026b');
    expect(ring.current.key.export().equals(first)).to.equal(true);
    expect(ring.find('2026a')?.key.export().equals(second)).to.equal(true);
    expect(ring.find('other')).to.equal(undefined);
    expect(ring.keys.map(({ id }) => id)).to.deep.equal(['2026b', '2026a']);
  });

  it('refuses what it cannot read, and never prints a key', () => {
    const secret = first.toString('base64');
    const wrong = [
      '',
      secret,
      `:${secret}`,
      `a:${secret},`,
      `a:${secret.slice(4)}`,
      `a:${secret},a:${secret}`,
      `a b:${secret}`,
    ];
    for (const setting of wrong) {
      expect(() => parseKeyRing(setting), setting)
        .to.throw(Error, /key/)
        .with.property('message')
        .that.does.not.include(secret.slice(4, 20));
    }
    const ring = parseKeyRing(`a:${secret}`);
    expect(inspect(ring, { depth: 9 }) + JSON.stringify(ring)).not.to.include(secret.slice(0, 12));
    expect(() => createKeyRing([])).to.throw('at least one');
    expect(() => createKeyRing([{ id: 'with space', bytes: first }])).to.throw('with space');
  });
});

import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createKeyRing } from '../../../src/platform/crypto/key-ring.ts';
import { sign, verify } from '../../../src/platform/storage/signed-link.ts';

const older = { id: 'older', bytes: randomBytes(32) };
const newer = { id: 'newer', bytes: randomBytes(32) };
const ring = createKeyRing([older]);
const link = {
  purpose: 'export',
  claims: { file: 'a/b.pdf', company: 'ñandú', max: 3 },
  expiresAt: new Date('2026-01-02T00:00:00.900Z'),
};
const before = { purpose: 'export', now: new Date('2026-01-01T23:59:59.999Z') };

describe('signed links', () => {
  it('carry their claims to the same purpose, until they end', () => {
    const token = sign(link, ring);
    expect(token).to.match(/^[\w.-]+$/);
    const expiresAt = new Date('2026-01-02T00:00:00Z');
    expect(verify(token, before, ring)).to.deep.equal({ ok: true, claims: link.claims, expiresAt });
    expect(verify(token, { ...before, now: expiresAt }, ring)).to.deep.equal({ ok: false, reason: 'expired' });
  });

  it('open no other purpose', () => {
    expect(verify(sign(link, ring), { ...before, purpose: 'photo' }, ring)).to.deep.equal({
      ok: false,
      reason: 'invalid',
    });
  });

  it('survive a rotation and end with their key', () => {
    const token = sign(link, ring);
    expect(verify(token, before, createKeyRing([newer, older])).ok).to.equal(true);
    expect(verify(token, before, createKeyRing([newer])).ok).to.equal(false);
    expect(verify(token, before, createKeyRing([{ id: 'older', bytes: newer.bytes }])).ok).to.equal(false);
  });

  it('are refused with any one character changed, cut or added; an ended one too', () => {
    const token = sign(link, ring);
    const late = { ...before, now: new Date('2027-01-01') };
    for (let index = 0; index < token.length; index++) {
      const changed = token.slice(0, index) + (token[index] === 'A' ? 'B' : 'A') + token.slice(index + 1);
      for (const forged of [changed, token.slice(0, index)]) {
        expect(verify(forged, late, ring), `character ${index}`).to.deep.equal({ ok: false, reason: 'invalid' });
      }
    }
    for (const forged of [
      `${token}A`,
      `${token}=`,
      `${token}.`,
      ` ${token}`,
      '',
      '...',
      'a.older.',
      'x'.repeat(5_000),
    ]) {
      expect(verify(forged, before, ring).ok, JSON.stringify(forged.slice(-20))).to.equal(false);
    }
  });
});

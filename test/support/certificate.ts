import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** DER of X.690: tag, length, content. */
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.from([tag, size]), content]);
  const length = size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);
const utcTime = (at: Date): Buffer =>
  der(0x17, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));

const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const ALTERNATIVE_NAMES = oid('551d11');
const BASIC_CONSTRAINTS = oid('551d13');
const DAY = 86_400_000;

const named = (name: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));
const extension = (id: Buffer, content: Buffer): Buffer => sequence(id, der(0x04, content));

export interface TestCertificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

const build = (privateKey: KeyObject, publicKey: KeyObject, names: readonly string[], at: Date): Buffer => {
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_SHA256,
    named('angelis test'),
    sequence(utcTime(new Date(at.getTime() - DAY)), utcTime(new Date(at.getTime() + DAY))),
    named('angelis test'),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension(BASIC_CONSTRAINTS, sequence(der(0x01, Buffer.from([0xff])))),
        extension(
          ALTERNATIVE_NAMES,
          sequence(
            ...names.map((name) =>
              /^[\d.]+$/.test(name)
                ? der(0x87, Buffer.from(name.split('.').map(Number)))
                : der(0x82, Buffer.from(name)),
            ),
          ),
        ),
      ),
    ),
  );
  return sequence(body, ECDSA_SHA256, bits(sign('sha256', body, privateKey)));
};

/** A certificate of its own authority for names and IPv4 addresses, two days long (RFC 5280). */
export const createCertificate = (names: readonly string[] = ['localhost', '127.0.0.1']): TestCertificate => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const encoded = build(privateKey, publicKey, names, new Date()).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${encoded.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
};

/** Lets this process trust a certificate; what trusts it is taken back by the answer. */
export const trust = ({ cert }: TestCertificate): (() => void) => {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, cert]);
  return () => {
    setDefaultCACertificates(before);
  };
};

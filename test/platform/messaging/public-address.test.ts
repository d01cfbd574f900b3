import { expect } from 'chai';
import { isPublicAddress } from '../../../src/platform/messaging/public-address.ts';

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '200.1.123.4',
  '172.15.0.1',
  '172.32.0.1',
  '192.169.0.1',
  '2606:4700::1111',
  '2a00::1',
];
const RESERVED = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '203.0.113.7',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:a9fe:a9fe',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001:db8::1',
  'fc00::1',
  'fd12::1',
  'fe80::1',
  'ff02::1',
];

describe('a public address', () => {
  for (const address of PUBLIC) it(`is ${address}`, () => expect(isPublicAddress(address)).to.equal(true));
  for (const address of RESERVED) it(`is not ${address}`, () => expect(isPublicAddress(address)).to.equal(false));

  it('is no name, and nothing that is no address', () => {
    for (const text of ['', 'localhost', 'example.com', '2130706433', '0x7f.1', '127.1', 'fe80::1%eth0'])
      expect(isPublicAddress(text), text).to.equal(false);
  });
});

import { BlockList, isIP } from 'node:net';

/** Not globally reachable: the special-purpose registries of IANA (RFC 6890), multicast, and those that are translated to IPv4; a mapped one is judged by the IPv4 address inside. */
const RESERVED = {
  ipv4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  ipv6: [
    '::/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
    '3fff::/20',
    '5f00::/16',
    'fc00::/7',
    'fe80::/10',
    'fec0::/10',
    'ff00::/8',
  ],
} as const;

const reserved = new BlockList();
for (const family of ['ipv4', 'ipv6'] as const)
  for (const subnet of RESERVED[family]) {
    const [network = '', prefix] = subnet.split('/');
    reserved.addSubnet(network, Number(prefix), family);
  }

/** Whether an IP address is one of the public internet: no private, local, shared, multicast or translated one. */
export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && !reserved.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

import { BlockList, isIP } from 'node:net';

// Networks that are not routed on the internet: RFC 1918, 6598, 4193, 3927, 4291.
const notPublic = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv4');
}
notPublic.addAddress('::1', 'ipv6');
notPublic.addSubnet('fc00::', 7, 'ipv6');
notPublic.addSubnet('fe80::', 10, 'ipv6');

/** Whether a host is `localhost` or an address that the internet does not reach. */
export const isPrivateAddress = (host: string): boolean => {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && notPublic.check(host, family === 6 ? 'ipv6' : 'ipv4');
};

/** The same, and names that only a network of one's own knows: without a dot, or below .local, .internal or .svc. */
export const isNear = (host: string): boolean =>
  isPrivateAddress(host.replace(/^\[(.*)\]$/u, '$1')) ||
  (isIP(host) === 0 && (/^[a-z\d-]+$/iu.test(host) || /\.(?:local|internal|svc)$/iu.test(host)));

// Of the public addresses this share at most may be believed: one /8 of IPv4, one /16 of IPv6.
const MOST: Readonly<Record<4 | 6, number>> = { 4: 2 ** -8, 6: 2 ** -16 };
const named = ['loopback', 'linklocal', 'uniquelocal'];

const prefixOfMask = (mask: string): number =>
  mask.split('.').reduce((bits, part) => bits + Number(part).toString(2).replaceAll('0', '').length, 0);

/** The share of all public addresses that lie in a network; 1 for what is no network. */
const shareOf = (network: string): { readonly family: 4 | 6; readonly share: number } => {
  const [address = '', width, ...rest] = network.split('/');
  const family = isIP(address);
  if (rest.length > 0 || (family !== 4 && family !== 6)) return { family: 4, share: 1 };
  const whole = family === 4 ? 32 : 128;
  const isMask = family === 4 && isIP(width ?? '') === 4;
  const prefix = isMask ? prefixOfMask(width!) : /^\d{1,3}$/u.test(width ?? '0') ? Number(width ?? whole) : 0;
  // Networks below ::/16 may hold all of IPv4.
  if (family === 6 && prefix < whole && /^(?:0*:)?:|^(?:0+:)/u.test(address)) return { family: 4, share: 1 };
  const isPrivate = isPrivateAddress(address) && prefix >= (family === 4 ? 8 : 7);
  return { family, share: isPrivate ? 0 : 2 ** -prefix };
};

/** Whether networks (`address`, `address/prefix`, `address/mask`) take in so many public addresses that anyone may be one. */
export const takeInAnyone = (networks: readonly string[]): boolean => {
  const total = { 4: 0, 6: 0 };
  for (const network of networks) {
    if (named.includes(network)) continue;
    const { family, share } = shareOf(network);
    total[family] += share;
  }
  return total[4] > MOST[4] || total[6] > MOST[6];
};

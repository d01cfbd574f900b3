import ipaddr from 'ipaddr.js';

/**
 * Whose an address is, as limits count it: an IPv4 address itself, however it is written; of IPv6 the network of 64 bits, all
 * of whose addresses one subscriber has at will (RFC 6177). What is no address is answered as it is.
 */
export const networkOf = (address: string): string => {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const groups = parsed.parts.slice(0, 4).map((part) => part.toString(16));
  return `${groups.join(':')}::/64`;
};

import { isIPv6 } from 'node:net';

/** An IPv4 address, which a socket for both kinds tells as IPv6, as itself. Source: RFC 4291 section 2.5.5.2. */
export const plainAddress = (address: string) => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');

/**
 * Whom an address counts as: an IPv4 address for itself, an IPv6 address as its /64, since a host may
 * give itself any number of those (RFC 4291 section 2.5.4, RFC 8981).
 */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [left = '', right = ''] = (address.split('%', 1)[0] ?? '').split('::', 2);
  const head = left === '' ? [] : left.split(':');
  const tail = right === '' ? [] : right.split(':');
  const zeros = address.includes('::') ? Math.max(0, 8 - head.length - tail.length) : 0;
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  return `${groups.slice(0, 4).join(':')}::/64`.toLowerCase();
}

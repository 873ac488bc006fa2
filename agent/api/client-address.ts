import { isIPv6 } from 'node:net';

/**
 * Whom an address counts as: an IPv4 address for itself, an IPv6 address as its /64, since a host may
 * give itself any number of those (RFC 4291 section 2.5.4, RFC 8981).
 */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [left = '', right = ''] = (address.split('%', 1)[0] ?? '').split('::', 2);
  const head = left === '' ? [] : left.split(':');
  const tail = right === '' ? [] : right.split(':');
  const zeros = address.includes('::') ? Math.max(0, 8 - head.length - tail.length) : 0;
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  return `${groups.slice(0, 4).join(':')}::/64`.toLowerCase();
}

/** An IPv4 network, as numbers. */
export interface Network {
  first: number;
  /** Addresses in it. */
  size: number;
}

/** The number of a dotted address; NaN for anything else. */
export function ipv4Number(text: string): number {
  const octets = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : Number.NaN));
  const good = octets.length === 4 && octets.every((octet) => octet <= 255);
  return good ? octets.reduce((sum, octet) => sum * 256 + octet, 0) : Number.NaN;
}

export function ipv4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** The network of an address with a prefix length, such as `192.0.2.7/24`. */
export function networkOf(text: string): Network {
  const [address = '', length = '32'] = text.split('/');
  const size = 2 ** (32 - Number(length));
  return { first: Math.floor(ipv4Number(address) / size) * size, size };
}

export function contains({ first, size }: Network, address: string): boolean {
  const value = ipv4Number(address);
  return value >= first && value < first + size;
}

export const networkText = ({ first, size }: Network) => `${ipv4Text(first)}/${32 - Math.log2(size)}`;

/**
 * Addresses that hosts may have: without the network's own and its broadcast address, which a link of two
 * (RFC 3021) or one does not have.
 */
export function* hostsOf({ first, size }: Network): Generator<string> {
  const edge = size > 2 ? 1 : 0;
  for (let value = first + edge; value < first + size - edge; value += 1) yield ipv4Text(value);
}

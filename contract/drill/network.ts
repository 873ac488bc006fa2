/** An IPv4 network as numbers: the first address and how many there are. */
function rangeOf(network: string): { first: number; size: number } {
  const [address = '', length = '32'] = network.split('/');
  const size = 2 ** (32 - Number(length));
  return { first: Math.floor(numberOf(address) / size) * size, size };
}

const numberOf = (address: string) => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);

/** The address that its gateway has: the first one. */
export function gatewayOf(network: string): string {
  const number = rangeOf(network).first + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** Length of its prefix. */
export const lengthOf = (network: string): number => Number(network.split('/')[1]);

/** Whether a host may have an address: neither the network's own, nor the gateway's, nor the broadcast address. */
export function contains(network: string, address: string): boolean {
  const { first, size } = rangeOf(network);
  const number = numberOf(address);
  return number > first + 1 && number < first + size - 1;
}

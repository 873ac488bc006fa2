/** The link-local IPv6 address that a card gives itself, unless its system prefers one that says nothing (RFC 4291 appendix A). */
export function linkLocalOf(mac: string): string {
  const [first = 0, ...rest] = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  const bytes = [first ^ 0x02, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  const groups = [0, 2, 4, 6].map((at) => ((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)).toString(16));
  return `fe80::${groups.join(':')}`;
}

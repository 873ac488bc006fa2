/** A domain name as its labels. A label may hold anything, dots too (RFC 6763 section 4.1.1). */
export type Name = readonly string[];

/** Names are the same whatever their case (RFC 6762 section 16). */
export const keyOf = (name: Name) => name.join('\0').toLowerCase();

/** A length and that many bytes, at most 255: a label, or a text of a TXT record (RFC 1035 section 3.3). */
export const encodeText = (text: string): Buffer =>
  Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);

/** As it is sent, without pointers (RFC 1035 section 3.1). */
export const encodeName = (name: Name): Buffer => Buffer.concat([...name.map(encodeText), Buffer.of(0)]);

/** A service's type, such as `_ssh._tcp.local`, as two of its labels. */
export interface ServiceType {
  /** Without its underscore. */
  service: string;
  protocol: 'tcp' | 'udp';
}

/** The type that a name of three labels stands for; null for any other (RFC 6763 section 7). */
export function serviceType(name: Name): ServiceType | null {
  const [service = '', protocol = '', local = ''] = name.map((label) => label.toLowerCase());
  if (name.length !== 3 || local !== 'local' || !/^_[a-z0-9][a-z0-9-]{0,30}$/.test(service)) return null;
  if (protocol !== '_tcp' && protocol !== '_udp') return null;
  return { service: service.slice(1), protocol: protocol === '_tcp' ? 'tcp' : 'udp' };
}

export const typeName = ({ service, protocol }: ServiceType): Name => [
  `_${service}`,
  `_${protocol}`,
  'local',
];

/** The list of all types (RFC 6763 section 9). */
export const allTypes: Name = ['_services', '_dns-sd', '_udp', 'local'];

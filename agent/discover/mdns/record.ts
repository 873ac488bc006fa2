import type { Name } from './name.ts';

/** A resource record of the five types that tell of hosts and services. */
export type MdnsRecord = { name: Name; ttl: number } & RecordData;
export type RecordData =
  | { type: 'PTR'; target: Name }
  | { type: 'SRV'; port: number; target: Name }
  | { type: 'TXT'; texts: string[] }
  | { type: 'A'; address: string }
  | { type: 'AAAA'; address: string };
export type RecordType = RecordData['type'];

/** Source: RFC 1035 section 3.2.2, RFC 3596 section 2.1, RFC 2782. */
export const typeNumbers: Readonly<Record<RecordType, number>> = {
  A: 1,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
};

/** Asked for, it stands for all types, or classes (RFC 1035 section 3.2.3). */
export const ANY = 255;

/** The one class that is in use. */
export const INTERNET = 1;

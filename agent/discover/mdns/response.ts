import { encodeName, encodeText } from './name.ts';
import { INTERNET, type MdnsRecord, typeNumbers } from './record.ts';

/** RFC 6762 section 10.2: whoever has other records of this name and type forgets them. */
const FLUSH = 0x8000;

/** An answer with these records, in one message. Source: RFC 6762 section 18. */
export function encodeResponse(records: readonly MdnsRecord[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x8400, 2);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, ...records.map(encodeRecord)]);
}

/** Of many hosts there is one PTR each; whatever else has a name that is one host's own. */
export function encodeRecord(record: MdnsRecord): Buffer {
  const data = dataOf(record);
  const head = Buffer.alloc(10);
  head.writeUInt16BE(typeNumbers[record.type], 0);
  head.writeUInt16BE(INTERNET | (record.type === 'PTR' ? 0 : FLUSH), 2);
  head.writeUInt32BE(record.ttl, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(record.name), head, data]);
}

function dataOf(record: MdnsRecord): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.address.split('.').map(Number));
    case 'AAAA':
      return ipv6Bytes(record.address);
    case 'PTR':
      return encodeName(record.target);
    case 'SRV': {
      const head = Buffer.alloc(6);
      head.writeUInt16BE(record.port, 4);
      return Buffer.concat([head, encodeName(record.target)]);
    }
    case 'TXT':
      return Buffer.concat(record.texts.map(encodeText));
  }
}

function ipv6Bytes(address: string): Buffer {
  const [left = '', right] = address.split('::');
  const groups = (text: string | undefined) => (text ? text.split(':') : []);
  const [before, after] = [groups(left), groups(right)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

import type { Name } from '../../../agent/discover/mdns/name.ts';

/** A resource record as it is sent, without compression (RFC 1035 section 3.2.1). */
export function record(name: Name, type: number, data: Buffer, ttl = 120): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  // The cache-flush bit of mDNS (RFC 6762 section 10.2) beside class IN.
  head.writeUInt16BE(0x8001, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([labels(name), head, data]);
}

export const labels = (name: Name) =>
  Buffer.concat([
    ...name.map((label) => Buffer.concat([Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);

export const ptr = (name: Name, target: Name, ttl?: number) => record(name, 12, labels(target), ttl);

export const a = (name: Name, address: string) =>
  record(name, 1, Buffer.from(address.split('.').map(Number)));

export function srv(name: Name, port: number, target: Name): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(port, 4);
  return record(name, 33, Buffer.concat([head, labels(target)]));
}

export const txt = (name: Name, texts: readonly string[]) =>
  record(
    name,
    16,
    Buffer.concat(texts.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]))),
  );

/** An answer with these records. */
export function response(...records: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x8400, 2);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, ...records]);
}

/** What a host says that offers one service. */
export function announcement(host: string, service: string, port: number, address: string): Buffer {
  const type = [`_${service}`, '_tcp', 'local'];
  const instance = [`${host}'s ${service}`, ...type];
  const own = [host, 'local'];
  return response(ptr(type, instance), srv(instance, port, own), txt(instance, ['v=1']), a(own, address));
}

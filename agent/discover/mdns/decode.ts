import type { Name } from './name.ts';
import { ANY, INTERNET, type MdnsRecord, type RecordData, type RecordType, typeNumbers } from './record.ts';

/** What somebody wants to know. */
export interface Asked {
  name: Name;
  /** Of a record, by number; 255 for any. */
  type: number;
}

export interface MdnsMessage {
  isResponse: boolean;
  questions: Asked[];
  /** Of all sections alike: those of a query are what who asks knows, or would like to be (RFC 6762 section 7.1, 8.2). */
  records: MdnsRecord[];
}

const HEADER = 12;
/** RFC 6762 section 17. */
const LARGEST = 9000;
/** RFC 1035 section 2.3.4. */
const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;
/** From this number on, a length is the start of a pointer (RFC 1035 section 4.1.4). */
const POINTER = 0xc0;
/** A host tells of itself in far fewer; each may point at a long name. */
const MOST_RECORDS = 512;
const MOST_TEXTS = 32;

/**
 * Reads a message. What is not one, or breaks a bound, is null as a whole: nobody on the network is owed more.
 * Source: RFC 1035 section 4.1, RFC 6762 section 18.
 */
export function decode(bytes: Buffer): MdnsMessage | null {
  if (bytes.length < HEADER || bytes.length > LARGEST) return null;
  const flags = bytes.readUInt16BE(2);
  const isResponse = (flags & 0x8000) !== 0;
  // Opcode and answer code other than 0 must be ignored (RFC 6762 section 18.3, 18.11).
  if ((flags & 0x780f) !== 0) return null;
  const [questions = 0, ...rest] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  const count = rest.reduce((sum, each) => sum + each, 0);
  if (questions > MOST_RECORDS || count > MOST_RECORDS) return null;
  try {
    return { isResponse, ...new Reader(bytes).sections(questions, count) };
  } catch (error) {
    if (error instanceof Malformed || error instanceof RangeError) return null;
    throw error;
  }
}

class Malformed extends Error {}

class Reader {
  readonly #bytes: Buffer;
  #at = HEADER;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  sections(questions: number, count: number): Omit<MdnsMessage, 'isResponse'> {
    const asked = Array.from({ length: questions }, () => this.#question());
    const records = Array.from({ length: count }, () => this.#record()).filter((record) => record !== null);
    return { questions: asked.filter((question) => question !== null), records };
  }

  /** The next question; null for a class that is not the Internet's. */
  #question(): Asked | null {
    const name = this.#name();
    const end = this.#take(4);
    const kind = end.readUInt16BE(2) & 0x7fff;
    return kind === INTERNET || kind === ANY ? { name, type: end.readUInt16BE(0) } : null;
  }

  /** The next record; null for a type or class that tells nothing here. */
  #record(): MdnsRecord | null {
    const name = this.#name();
    const head = this.#take(10);
    const [type, kind] = [head.readUInt16BE(0), head.readUInt16BE(2) & 0x7fff];
    const ttl = head.readUInt32BE(4);
    const end = this.#at + head.readUInt16BE(8);
    if (end > this.#bytes.length) throw new Malformed();
    const read = kind === INTERNET ? byNumber.get(type) : undefined;
    const data = read?.(this.#window(end)) ?? null;
    this.#at = end;
    return data === null ? null : { name, ttl, ...data };
  }

  #window(end: number): Data {
    return {
      name: () => {
        const name = this.#name();
        if (this.#at > end) throw new Malformed();
        return name;
      },
      bytes: (length = end - this.#at) => {
        if (this.#at + length > end) throw new Malformed();
        return this.#take(length);
      },
    };
  }

  /** A name, whose end may be a pointer to an earlier one. Pointers only lead back, so this ends. */
  #name(): Name {
    const labels: string[] = [];
    let length = 1;
    let after: number | null = null;
    for (let limit = this.#at; ; ) {
      const size = this.#byte();
      if (size === 0) break;
      if (size >= POINTER) {
        limit = this.#pointer(size, limit);
        after ??= this.#at;
        this.#at = limit;
      } else {
        length += size + 1;
        labels.push(this.#label(size, length));
      }
    }
    this.#at = after ?? this.#at;
    return labels;
  }

  #pointer(size: number, limit: number): number {
    const target = ((size - POINTER) << 8) | this.#byte();
    if (target >= limit) throw new Malformed();
    return target;
  }

  #label(size: number, lengthOfName: number): string {
    if (size > LONGEST_LABEL || lengthOfName > LONGEST_NAME) throw new Malformed();
    return this.#take(size).toString('utf8');
  }

  #byte(): number {
    return this.#take(1).readUInt8(0);
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/** The data of one record: nothing beyond it can be read, but for what a name points to. */
interface Data {
  name(): Name;
  bytes(length?: number): Buffer;
}

/** Source: RFC 1035 section 3.3 and 3.4, RFC 3596 section 2, RFC 2782. */
const readers: Record<RecordType, (data: Data) => RecordData> = {
  A: (data) => ({ type: 'A', address: data.bytes(4).join('.') }),
  PTR: (data) => ({ type: 'PTR', target: data.name() }),
  TXT: (data) => ({ type: 'TXT', texts: textsOf(data.bytes()) }),
  AAAA: (data) => ({ type: 'AAAA', address: ipv6Text(data.bytes(16)) }),
  SRV: (data) => ({ type: 'SRV', port: data.bytes(6).readUInt16BE(4), target: data.name() }),
};
const byNumber = new Map(
  Object.entries(readers).map(([type, read]) => [typeNumbers[type as RecordType], read]),
);

function textsOf(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length && texts.length < MOST_TEXTS; ) {
    const end = at + 1 + bytes.readUInt8(at);
    if (end > bytes.length) throw new Malformed();
    texts.push(bytes.toString('utf8', at + 1, end));
    at = end;
  }
  return texts;
}

/** As RFC 5952 has it. The URL parser knows how to shorten. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

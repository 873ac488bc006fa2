import type { Service } from '../../../contract/inventory.ts';
import { plain } from '../plain.ts';
import { allTypes, keyOf, type Name, type ServiceType, serviceType, typeName } from './name.ts';
import type { Question } from './query.ts';
import type { MdnsRecord } from './record.ts';

/** One service of a host. Its port is unknown until its SRV record came. */
interface Instance {
  name: Name;
  type: ServiceType;
  port: number | null;
  detail: string;
  /** Milliseconds of the clock until which it was told to be there. */
  until: number;
}

/** More than a host with every service that we know has; a flood of names ends here. */
const MOST = { names: 8, addresses: 8, types: 32, instances: 32 } as const;
const LONGEST = { name: 80, detail: 120 } as const;

/** What one host on a link has said of itself. What it says of others is not taken: anybody could. */
export class Speaker {
  readonly link: string;
  readonly address: string;
  /** When it last said anything, by the clock. */
  heardAt = 0;
  readonly #names = new Set<string>();
  /** Further addresses that it claims: worth asking for. */
  readonly addresses = new Set<string>();
  readonly #types = new Map<string, ServiceType>();
  readonly #instances = new Map<string, Instance>();

  constructor(link: string, address: string) {
    this.link = link;
    this.address = address;
  }

  /** @param now milliseconds that only grow. @returns what there was no room for. */
  take(records: readonly MdnsRecord[], now: number): number {
    return records.filter((record) => !this.#takeOne(record, now)).length;
  }

  get names(): string[] {
    return [...this.#names];
  }

  services(now: number): Service[] {
    return [...this.#instances.values()]
      .filter(({ until }) => until > now)
      .flatMap(({ type, port, detail }) =>
        port === null
          ? []
          : [
              {
                ...{ name: type.service, protocol: type.protocol, port, detail },
                ...({ source: 'mdns', confidence: 'claimed' } as const),
              },
            ],
      );
  }

  /** What is still missing of what it has said. */
  questions(): Question[] {
    const types = [...this.#types.values()].map((type): Question => ({ name: typeName(type), type: 'PTR' }));
    const instances = [...this.#instances.values()].filter(({ port }) => port === null);
    return [...types, ...instances.map(({ name }): Question => ({ name, type: 'ANY' }))];
  }

  /** @returns false when there is no room for it. */
  #takeOne(record: MdnsRecord, now: number): boolean {
    if (record.type === 'A' || record.type === 'AAAA') return this.#takeAddress(record);
    if (record.type !== 'PTR') return this.#takeInstance(record, now);
    if (keyOf(record.name) === keyOf(allTypes)) return this.#takeType(record.target);
    return serviceType(record.name) === null || this.#instance(record.target, record.ttl, now) !== null;
  }

  /** A name that is not of the local link is not mDNS's to give (RFC 6762 section 3). */
  #takeAddress({ name, address, ttl }: Extract<MdnsRecord, { address: string }>): boolean {
    if (ttl === 0 || name.length !== 2 || name[1]?.toLowerCase() !== 'local') return true;
    const text = plain(name[0] ?? '', LONGEST.name).toLowerCase();
    return add(this.#names, text, MOST.names) && add(this.addresses, address, MOST.addresses);
  }

  #takeType(name: Name): boolean {
    const type = serviceType(name);
    const key = keyOf(name);
    if (type === null || this.#types.has(key)) return true;
    if (this.#types.size >= MOST.types) return false;
    this.#types.set(key, type);
    return true;
  }

  #takeInstance(record: Extract<MdnsRecord, { type: 'SRV' | 'TXT' }>, now: number): boolean {
    if (serviceType(record.name.slice(-3)) === null) return true;
    const instance = this.#instance(record.name, record.ttl, now);
    if (instance === null) return false;
    if (instance === undefined) return true;
    if (record.type === 'SRV') instance.port = record.port;
    else instance.detail = plain(record.texts.filter((text) => text !== '').join(' '), LONGEST.detail);
    return true;
  }

  /** The instance of that name, made when it is new; undefined when it was just taken away; null without room. */
  #instance(name: Name, ttl: number, now: number): Instance | null | undefined {
    const type = serviceType(name.slice(-3));
    const key = keyOf(name);
    const known = this.#instances.get(key);
    if (type === null || name.length < 4) return undefined;
    // A goodbye (RFC 6762 section 10.1).
    if (ttl === 0) return void this.#instances.delete(key);
    if (known === undefined && !this.#makeRoom(now)) return null;
    const fresh = known ?? { name, type, port: null, detail: '', until: 0 };
    fresh.until = Math.max(fresh.until, now + ttl * 1000);
    this.#instances.set(key, fresh);
    return fresh;
  }

  #makeRoom(now: number): boolean {
    if (this.#instances.size < MOST.instances) return true;
    for (const [key, { until }] of this.#instances) if (until <= now) this.#instances.delete(key);
    return this.#instances.size < MOST.instances;
  }
}

function add(set: Set<string>, text: string, most: number): boolean {
  if (text === '' || set.has(text)) return true;
  if (set.size >= most) return false;
  set.add(text);
  return true;
}

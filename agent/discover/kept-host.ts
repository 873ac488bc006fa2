import { isDeepStrictEqual } from 'node:util';
import type { Host, Service } from '../../contract/inventory.ts';
import type { Sighting } from './sighting.ts';

/** What is kept of one host. A router that answers for a whole network has as many addresses. */
const MOST = { addresses: 16, names: 8, services: 32 } as const;

const serviceKey = ({ source, name, protocol, port }: Service) => `${source} ${name}/${protocol}/${port}`;

/** Each thing that is known of a host, with the looks that went by without a sign of it. */
interface Item<Value> {
  value: Value;
  missed: number;
}
type Items<Value> = Map<string, Item<Value>>;

/** A host with how long each part of it was not heard of. Parts go away one by one, never at the first miss. */
export class KeptHost {
  readonly #about: Omit<Host, 'addresses' | 'names' | 'services'>;
  readonly #addresses: Items<string>;
  readonly #names: Items<string>;
  readonly #services: Items<Service>;
  /** Looks without any sign. */
  missed = 0;

  constructor({ addresses, names, services, ...about }: Host) {
    this.#about = { ...about };
    this.#addresses = itemsOf(addresses, (text) => text);
    this.#names = itemsOf(names, (text) => text);
    this.#services = itemsOf(services, serviceKey);
  }

  get id(): string {
    return this.#about.id;
  }

  get state(): Host['state'] {
    return this.#about.state;
  }

  get lastSeen(): string {
    return this.#about.lastSeen;
  }

  get host(): Host {
    return {
      ...this.#about,
      addresses: valuesOf(this.#addresses),
      names: valuesOf(this.#names),
      services: valuesOf(this.#services),
    };
  }

  /** Nothing was seen of it before. */
  get isNew(): boolean {
    return this.#addresses.size === 0;
  }

  /** @returns what is new, in words, and how much there was no room for. */
  take({ link, address, mac, names, services, evidence }: Sighting, time: string): Taken {
    const taken: Taken = { news: [], dropped: 0 };
    this.missed = 0;
    if (mac !== null && this.#about.mac !== mac) taken.news.push(`+ hardware address ${mac}`);
    Object.assign(this.#about, { link, mac: mac ?? this.#about.mac, lastSeen: time });
    if (!this.#about.evidence.includes(evidence))
      this.#about.evidence = [...this.#about.evidence, evidence].sort();
    put(taken, 'address', this.#addresses, [[address, address]], MOST.addresses);
    put(
      taken,
      'name',
      this.#names,
      names.map((name) => [name, name]),
      MOST.names,
    );
    const keyed = services.map((service): [string, Service] => [serviceKey(service), service]);
    put(taken, 'service', this.#services, keyed, MOST.services);
    return taken;
  }

  /** Takes another's parts over: two turned out to be one. */
  absorb(other: KeptHost): void {
    const { firstSeen, evidence } = other.#about;
    if (firstSeen < this.#about.firstSeen) this.#about.firstSeen = firstSeen;
    this.#about.evidence = [...new Set([...this.#about.evidence, ...evidence])].sort();
    const quiet: Taken = { news: [], dropped: 0 };
    put(quiet, '', this.#addresses, entriesOf(other.#addresses), MOST.addresses);
    put(quiet, '', this.#names, entriesOf(other.#names), MOST.names);
    put(quiet, '', this.#services, entriesOf(other.#services), MOST.services);
  }

  mark(state: Host['state']): void {
    this.#about.state = state;
  }

  /**
   * One look more has ended. Parts grow old only in looks that had a sign of the host: of one that is silent
   * nothing more is known than that.
   * @returns what was not heard of for so many looks, and is forgotten, in words.
   */
  age(patience: number): string[] {
    this.missed += 1;
    if (this.missed > 1) return [];
    // The last address stays: without one a host could not be found again.
    return [
      ...dropOld('address', this.#addresses, patience, () => this.#addresses.size > 1),
      ...dropOld('name', this.#names, patience, () => true),
      ...dropOld('service', this.#services, patience, ({ source }) => source === 'mdns'),
    ];
  }

  /** It was probed once more. @returns as `age`. */
  ageProbed(patience: number): string[] {
    return dropOld('service', this.#services, patience, ({ source }) => source === 'probe');
  }
}

interface Taken {
  news: string[];
  dropped: number;
}

const itemsOf = <Value>(values: readonly Value[], key: (value: Value) => string): Items<Value> =>
  new Map(values.map((value) => [key(value), { value, missed: 0 }]));

const entriesOf = <Value>(items: Items<Value>) =>
  [...items].map(([key, { value }]): [string, Value] => [key, value]);

/** In the order of their keys, so that the same host always reads the same. */
const valuesOf = <Value>(items: Items<Value>): Value[] =>
  [...items].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { value }]) => value);

function put<Value>(
  taken: Taken,
  what: string,
  items: Items<Value>,
  fresh: readonly [string, Value][],
  most: number,
): void {
  for (const [key, value] of fresh) {
    const known = items.get(key);
    if (known === undefined && items.size >= most) {
      taken.dropped += 1;
      continue;
    }
    if (known === undefined) taken.news.push(`+ ${what} ${key}`);
    else if (!isDeepStrictEqual(known.value, value)) taken.news.push(`± ${what} ${key}`);
    items.set(key, { value, missed: 0 });
  }
}

function dropOld<Value>(
  what: string,
  items: Items<Value>,
  patience: number,
  ages: (value: Value) => boolean,
): string[] {
  const gone: string[] = [];
  for (const [key, item] of items) {
    if (!ages(item.value)) continue;
    item.missed += 1;
    if (item.missed < patience) continue;
    items.delete(key);
    gone.push(`− ${what} ${key}`);
  }
  return gone;
}

import type { Host, InventoryEvent, Service } from '../../contract/inventory.ts';
import { KeptHost } from './kept-host.ts';
import type { Sighting } from './sighting.ts';

/** A thousand nodes, and as many that are not. */
const MOST_HOSTS = 2048;
const MOST_EVENTS = 256;
const LONGEST_DETAIL = 300;

/** What a change leaves behind: the host as it is now, or null when it became part of another. */
export interface Change {
  event: InventoryEvent | null;
  id: string;
  host: Host | null;
}

/**
 * Everybody who was seen around the box. It learns from sightings, and from looks that end without one; all that
 * changes comes out as changes, to be written down. Bounded: of a host, and in hosts.
 */
export class HostTable {
  readonly #hosts = new Map<string, KeptHost>();
  /** By link and address: who was seen there last. */
  readonly #places = new Map<string, string>();
  readonly #events: InventoryEvent[] = [];
  #changes: Change[] = [];
  dropped = 0;

  constructor(hosts: readonly Host[] = [], events: readonly InventoryEvent[] = []) {
    for (const host of hosts) this.#keep(new KeptHost(host));
    this.#events.push(...events.slice(-MOST_EVENTS));
  }

  get hosts(): Host[] {
    return [...this.#hosts.values()].map(({ host }) => host).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get events(): readonly InventoryEvent[] {
    return this.#events;
  }

  /** What happened since the last call. */
  takeChanges(): Change[] {
    return this.#changes.splice(0);
  }

  /** @param time RFC 3339. */
  see(sighting: Sighting, time: string): void {
    const host = this.#find(sighting, time);
    if (host === null) {
      this.dropped += 1;
      return;
    }
    const { isNew } = host;
    const { news, dropped } = host.take(sighting, time);
    this.dropped += dropped;
    this.#places.set(placeOf(sighting.link, sighting.address), host.id);
    const wasSeen = host.state === 'seen';
    host.mark('seen');
    if (isNew) this.#tell(host, 'appeared', news, time);
    else if (!wasSeen) this.#tell(host, 'seen-again', news, time);
    else if (news.length > 0) this.#tell(host, 'changed', news, time);
  }

  /** A look has ended. Whoever gave no sign for so many looks is not seen any more. @param links that were looked at. */
  endLook(patience: number, links: ReadonlySet<string>, time: string): void {
    for (const host of this.#hosts.values()) {
      if (!links.has(host.host.link) || host.state === 'not-seen') continue;
      const gone = host.age(patience);
      if (host.missed >= patience) {
        host.mark('not-seen');
        this.#tell(host, 'not-seen', [`for ${patience} looks`], time);
      } else if (gone.length > 0) this.#tell(host, 'changed', gone, time);
    }
  }

  /** A host was probed. @param services what answered as one. */
  probed(id: string, address: string, services: readonly Service[], patience: number, time: string): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    const gone = host.ageProbed(patience);
    const { link, mac } = host.host;
    if (services.length > 0) this.see({ link, address, mac, names: [], services, evidence: 'tcp' }, time);
    if (gone.length > 0) this.#tell(host, 'changed', gone, time);
  }

  /** The host of a sighting; a new one, if there is room. Whose hardware address became known may become part of another. */
  #find(sighting: Sighting, time: string): KeptHost | null {
    const there = this.#hosts.get(this.#places.get(placeOf(sighting.link, sighting.address)) ?? '');
    if (sighting.mac === null) return there ?? this.#make(addressId(sighting), sighting, time);
    const id = `mac:${sighting.mac}`;
    const own = this.#hosts.get(id) ?? this.#make(id, sighting, time);
    if (own !== null && there !== undefined && there !== own && there.host.mac === null) {
      own.absorb(there);
      this.#remove(there);
    }
    return own;
  }

  #make(id: string, { link, mac }: Sighting, time: string): KeptHost | null {
    if (this.#hosts.size >= MOST_HOSTS && !this.#makeRoom()) return null;
    return this.#keep(
      new KeptHost({
        ...{ id, mac, link, addresses: [], names: [], services: [], evidence: [] },
        ...{ state: 'seen', firstSeen: time, lastSeen: time },
      }),
    );
  }

  /** Only who is not seen any more makes place for others. */
  #makeRoom(): boolean {
    const old = [...this.#hosts.values()].filter(({ state }) => state === 'not-seen');
    const oldest = old.reduce<KeptHost | null>(
      (first, host) => (first === null || host.lastSeen < first.lastSeen ? host : first),
      null,
    );
    if (oldest === null) return false;
    this.#remove(oldest);
    return true;
  }

  #keep(host: KeptHost): KeptHost {
    this.#hosts.set(host.id, host);
    const { link, addresses } = host.host;
    for (const address of addresses) this.#places.set(placeOf(link, address), host.id);
    return host;
  }

  #remove(host: KeptHost): void {
    this.#hosts.delete(host.id);
    for (const [place, id] of this.#places) if (id === host.id) this.#places.delete(place);
    this.#changes.push({ event: null, id: host.id, host: null });
  }

  #tell(host: KeptHost, what: InventoryEvent['what'], details: readonly string[], time: string): void {
    const detail = details.join(', ').slice(0, LONGEST_DETAIL);
    const event = { time, what, host: host.id, detail };
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.shift();
    this.#changes.push({ event, id: host.id, host: host.host });
  }
}

/** A link-local address is one only together with its link. */
const addressId = ({ address, link }: Sighting) =>
  /^fe[89ab]/i.test(address) ? `address:${address}%${link}` : `address:${address}`;

const placeOf = (link: string, address: string) => `${link} ${address}`;

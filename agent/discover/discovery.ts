import { setTimeout as sleep } from 'node:timers/promises';
import type { DiscoverPolicy } from '../../contract/discover-policy.ts';
import type { Inventory, LinkReport } from '../../contract/inventory.ts';
import { messageOf } from '../../contract/message-of.ts';
import { HostTable } from './host-table.ts';
import { contains, networkText } from './ipv4.ts';
import { type Link, readLinks } from './links.ts';
import { Look } from './look.ts';
import { Announcer } from './mdns/announcer.ts';
import { MdnsListener } from './mdns/listener.ts';
import type { Announced } from './mdns/own-records.ts';
import { Speakers } from './mdns/speakers.ts';
import { Prober } from './probe/prober.ts';
import { ProbeRounds } from './probe/rounds.ts';
import { proposals } from './propose.ts';
import { InventoryStore } from './store.ts';
import { sweepable } from './sweep.ts';

export interface DiscoveryOptions {
  policy: DiscoverPolicy;
  /** What the box tells of itself, where the site lets it. */
  self: Announced;
  /** Where the inventory is kept. */
  directory: string;
  /** Milliseconds since the epoch. */
  wall: () => number;
  /** Told of what went wrong; the next look tries again. */
  complain: (why: string) => void;
}

/** What was heard in between is written down so often. */
const GATHER_MS = 5000;
/** Probes in which a service does not answer until it is forgotten. */
const PROBE_PATIENCE = 2;
/** Times at which nothing but "last seen" changed. */
const REFRESH_MS = 3_600_000;

/** Learns what stands around the box, as far as the site lets it, and keeps it. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #store: InventoryStore;
  readonly #table: HostTable;
  readonly #speakers = new Speakers();
  readonly #listener = new MdnsListener((link, address, bytes) => this.#hear(link, address, bytes));
  readonly #announcer: Announcer | null;
  readonly #look: Look;
  readonly #probes: ProbeRounds;
  #links: readonly Link[] = [];
  #looked: string | null = null;
  #problem: string | null = null;
  /** Milliseconds that only grow, of the last snapshot; null when something could not be written. */
  #compactedAt: number | null = performance.now();

  private constructor(options: DiscoveryOptions, store: InventoryStore, table: HostTable) {
    this.#options = options;
    this.#store = store;
    this.#table = table;
    this.#look = new Look({
      ...{ policy: options.policy, table, speakers: this.#speakers, listener: this.#listener },
      time: () => this.#time(),
    });
    const { mode, probe, announce } = options.policy;
    const tell = (link: string, bytes: Buffer) => this.#listener.tell(link, bytes);
    this.#announcer = announce ? new Announcer(options.self, tell) : null;
    this.#probes = new ProbeRounds(new Prober(mode === 'active' ? probe : []));
  }

  static async open(options: DiscoveryOptions): Promise<Discovery> {
    const { store, kept } = await InventoryStore.open(options.directory);
    return new Discovery(options, store, new HostTable(kept.hosts, kept.events));
  }

  /** Looks again and again, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const everyMs = this.#options.policy.everySeconds * 1000;
    try {
      for (let next = Number.NEGATIVE_INFINITY; ; ) {
        const due = performance.now() >= next;
        if (due) next = performance.now() + everyMs;
        await this.#turn(due, signal);
        await sleep(Math.min(GATHER_MS, everyMs), undefined, { signal });
      }
    } finally {
      await this.#announcer?.close();
      this.#listener.close();
    }
  }

  #hear(link: string, address: string, bytes: Buffer): void {
    const message = this.#speakers.hear(link, address, bytes);
    if (message !== null) this.#announcer?.hear(link, address, message);
  }

  /** `GET /v1/inventory`. */
  document(): Inventory {
    const { policy } = this.#options;
    const { hosts, events, dropped } = this.#table;
    return {
      ...{ apiVersion: 'cpiab.dev/v1', kind: 'Inventory', mode: policy.mode },
      links: this.#links.map((link) => reportOf(link, policy)),
      ...{ looked: this.#looked, dropped: dropped + this.#speakers.dropped },
      problem: this.#problem ?? this.#announcer?.problem ?? null,
      ...{ hosts, proposals: proposals(policy.propose, hosts), events: [...events] },
    };
  }

  /** What fails now is told, and tried again with the next look. */
  async #turn(due: boolean, signal: AbortSignal): Promise<void> {
    try {
      if (due) await this.#lookAround(signal);
      else await this.#look.gather();
      await this.#write();
    } catch (error) {
      signal.throwIfAborted();
      const why = messageOf(error);
      if (why !== this.#problem) this.#options.complain(why);
      this.#problem = why;
    }
  }

  async #lookAround(signal: AbortSignal): Promise<void> {
    this.#links = await readLinks(this.#options.policy.links, signal);
    await this.#listener.follow(this.#links);
    this.#announcer?.follow(this.#links);
    await this.#look.run(this.#links, signal);
    this.#looked = this.#time();
    this.#problem = null;
    await this.#write();
    await this.#probe(signal);
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const networks = this.#links.flatMap((link) => link.networks);
    const isOnLink = (address: string) => networks.some((network) => contains(network, address));
    await this.#probes.run(
      this.#table.hosts,
      isOnLink,
      ({ id }, address, services) => this.#table.probed(id, address, services, PROBE_PATIENCE, this.#time()),
      signal,
    );
  }

  /** A write that failed is made good by a snapshot. */
  async #write(): Promise<void> {
    const changes = this.#table.takeChanges();
    const now = performance.now();
    const compactedAt = this.#compactedAt;
    this.#compactedAt = null;
    if (changes.length > 0) await this.#store.append(changes);
    const old = compactedAt === null || now - compactedAt >= REFRESH_MS;
    if (old || this.#store.isLong) await this.#store.compact(this.#table);
    this.#compactedAt = old || this.#store.isLong ? now : compactedAt;
  }

  #time(): string {
    return new Date(this.#options.wall()).toISOString();
  }
}

function reportOf(link: Link, { mode, sweep }: DiscoverPolicy): LinkReport {
  const fit = sweepable(link, sweep.most);
  const left = link.networks.filter((network) => !fit.includes(network));
  const tooWide = `not swept: ${left.map(networkText).join(', ')}, of more than ${sweep.most} addresses`;
  return {
    ...{ name: link.name, mac: link.mac, networks: link.networks.map(networkText) },
    note: mode === 'active' && left.length > 0 ? tooWide : null,
  };
}

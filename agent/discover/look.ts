import { setTimeout as sleep } from 'node:timers/promises';
import type { DiscoverPolicy } from '../../contract/discover-policy.ts';
import { linkLocalOf } from './eui64.ts';
import type { HostTable } from './host-table.ts';
import type { Link } from './links.ts';
import type { MdnsListener } from './mdns/listener.ts';
import type { Speakers } from './mdns/speakers.ts';
import { type Neighbour, readNeighbours } from './neighbours.ts';
import type { Sighting } from './sighting.ts';
import { solicit, sweepLink } from './sweep.ts';

interface LookParts {
  policy: DiscoverPolicy;
  table: HostTable;
  speakers: Speakers;
  listener: MdnsListener;
  /** RFC 3339. */
  time: () => string;
}

/** When to ask by mDNS, in milliseconds since the look began: what a host told of is asked for next (RFC 6762 section 5.2). */
const ASK_AT = [0, 1000, 2000];
/** Hosts may wait so long with an answer that others give too (RFC 6762 section 6), and some are slow. */
const LISTEN_MS = 500;
/** Looks without a sign until something is not seen any more. */
const PATIENCE = 3;
/** Who only listens hears most hosts seldom: what mDNS tells of is good for 75 minutes (RFC 6762 section 10). */
const PASSIVE_PATIENCE_S = 5400;

/** One look at everything around, or what came in since the last one. */
export class Look {
  readonly #parts: LookParts;
  #since = 0;

  constructor(parts: LookParts) {
    this.#parts = parts;
  }

  /** Takes what was heard since the last time. Asks nobody. */
  gather(): void {
    const { speakers } = this.#parts;
    const now = performance.now();
    this.#see(speakers.sightings(this.#since));
    this.#since = now;
  }

  async run(links: readonly Link[], signal: AbortSignal): Promise<void> {
    const { policy, table, time } = this.#parts;
    if (policy.mode === 'active')
      await Promise.all([this.#askMdns(links, signal), this.#sweep(links, signal)]);
    this.gather();
    await this.#readNeighbours(links, signal);
    const passive = Math.ceil(PASSIVE_PATIENCE_S / policy.everySeconds);
    const patience = policy.mode === 'active' ? PATIENCE : Math.max(PATIENCE, passive);
    table.endLook(patience, new Set(links.map(({ name }) => name)), time());
  }

  async #askMdns(links: readonly Link[], signal: AbortSignal): Promise<void> {
    const { listener, speakers } = this.#parts;
    let at = 0;
    for (const next of ASK_AT) {
      await sleep(next - at, undefined, { signal });
      at = next;
      for (const { name } of links) listener.ask(name, speakers.questions(name));
    }
    await sleep(LISTEN_MS, undefined, { signal });
  }

  async #sweep(links: readonly Link[], signal: AbortSignal): Promise<void> {
    const { sweep } = this.#parts.policy;
    for (const link of links) {
      const found = await sweepLink(link, sweep, signal);
      this.#see(found.map(byArp));
      if (link.hasIpv6) await this.#solicit(link, found, signal);
    }
  }

  /** Addresses that hosts are likely to have by IPv6: too many are possible to ask all. */
  async #solicit(link: Link, found: readonly Neighbour[], signal: AbortSignal): Promise<void> {
    const { speakers, policy } = this.#parts;
    const likely = [...found.map(({ mac }) => linkLocalOf(mac)), ...speakers.claimed(link.name)];
    this.#see((await solicit(link, likely, policy.sweep.perSecond, signal)).map(byNdp));
  }

  /** Whom the kernel knows because they spoke with the box. */
  async #readNeighbours(links: readonly Link[], signal: AbortSignal): Promise<void> {
    const names = new Set(links.map(({ name }) => name));
    const { everySeconds } = this.#parts.policy;
    for (const family of [4, 6] as const) {
      const known = (await readNeighbours(family, signal)).filter(({ link }) => names.has(link));
      const fresh = known.filter(({ silent }) => silent <= everySeconds);
      this.#see(fresh.map(family === 4 ? byArp : byNdp));
    }
  }

  #see(sightings: readonly Sighting[]): void {
    const { table, time } = this.#parts;
    const now = time();
    for (const sighting of sightings) table.see(sighting, now);
  }
}

const byArp = (neighbour: Neighbour): Sighting => sightingOf(neighbour, 'arp');
const byNdp = (neighbour: Neighbour): Sighting => sightingOf(neighbour, 'ndp');

const sightingOf = ({ link, address, mac }: Neighbour, evidence: 'arp' | 'ndp'): Sighting => ({
  ...{ link, address, mac, names: [], services: [], evidence },
});

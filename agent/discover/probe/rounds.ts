import type { Host, Service } from '../../../contract/inventory.ts';
import type { Prober } from './prober.ts';

/** In one look: a thousand hosts take an hour or so. */
const HOSTS_PER_LOOK = 64;
const AT_ONCE = 8;
/** A host that was asked is asked again after this. */
const AGAIN_MS = 3_600_000;

/** Takes what a host's ports said. */
type Take = (host: Host, address: string, services: readonly Service[]) => void;

/** Which hosts are probed when: new ones first, each once an hour, and only some with each look. */
export class ProbeRounds {
  readonly #prober: Prober;
  /** Milliseconds that only grow, by host. */
  readonly #asked = new Map<string, number>();

  constructor(prober: Prober) {
    this.#prober = prober;
  }

  /** @param isOnLink whether an address can be reached without a router. */
  async run(
    hosts: readonly Host[],
    isOnLink: (address: string) => boolean,
    take: Take,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#prober.isIdle) return;
    this.#forget(hosts);
    const due = this.#due(hosts, performance.now());
    const worker = async () => {
      for (let host = due.shift(); host !== undefined; host = due.shift()) {
        const address = host.addresses.find(isOnLink);
        if (address !== undefined) take(host, address, await this.#prober.probe(address, signal));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  #due(hosts: readonly Host[], now: number): Host[] {
    const before = (host: Host) => this.#asked.get(host.id) ?? Number.NEGATIVE_INFINITY;
    const due = hosts
      .filter((host) => host.state === 'seen' && now - before(host) >= AGAIN_MS)
      .sort((a, b) => before(a) - before(b))
      .slice(0, HOSTS_PER_LOOK);
    for (const { id } of due) this.#asked.set(id, now);
    return due;
  }

  /** A host that comes again is as good as new. */
  #forget(hosts: readonly Host[]): void {
    const seen = new Set(hosts.filter(({ state }) => state === 'seen').map(({ id }) => id));
    for (const id of this.#asked.keys()) if (!seen.has(id)) this.#asked.delete(id);
  }
}

import type { ProbeName } from '../../../contract/discover-policy.ts';
import type { Service } from '../../../contract/inventory.ts';
import { plain } from '../plain.ts';
import { exchange } from './exchange.ts';
import { Opening } from './opening.ts';
import { type Probe, probes } from './probes.ts';

const LONGEST_DETAIL = 120;

/** Asks hosts what they are, never more than a first answer tells. */
export class Prober {
  readonly #probes: readonly Probe[];
  readonly #opening = new Opening();

  constructor(wanted: readonly ProbeName[]) {
    this.#probes = probes.filter(({ name }) => wanted.includes(name));
  }

  get isIdle(): boolean {
    return this.#probes.length === 0;
  }

  /** What answers at an address. All ports are asked at once: they are few. */
  async probe(address: string, signal: AbortSignal): Promise<Service[]> {
    const ports = [...new Set(this.#probes.map(({ port }) => port))];
    await this.#opening.open(address, ports, signal);
    const found = await Promise.all(ports.map((port) => this.#port(address, port, signal)));
    signal.throwIfAborted();
    return found.filter((service) => service !== null);
  }

  /** Its questions one after the other, until one is understood. */
  async #port(address: string, port: number, signal: AbortSignal): Promise<Service | null> {
    let isOpen = false;
    for (const probe of this.#probes.filter((each) => each.port === port)) {
      const say = probe.say(address);
      const known = (answer: Buffer) => probe.recognise(answer);
      const answer = await exchange({ address, port, tls: probe.tls, say }, isWhole(probe), signal);
      if (answer === null) return null;
      isOpen = true;
      const detail = known(answer);
      if (detail !== null) return serviceOf(probe.name, port, plain(detail, LONGEST_DETAIL), 'recognised');
    }
    return isOpen ? serviceOf('unknown', port, '', 'answered') : null;
  }
}

/** A page may say more with its next bytes; all else is known by its first. */
const isWhole =
  ({ recognise, port }: Probe) =>
  (answer: Buffer): boolean =>
    !WEB.has(port) && recognise(answer) !== null;
const WEB = new Set([80, 443, 5000, 5001, 6443, 7443, 8006]);

const serviceOf = (
  name: string,
  port: number,
  detail: string,
  confidence: Service['confidence'],
): Service => ({
  ...{ name, protocol: 'tcp', port, source: 'probe', confidence, detail },
});

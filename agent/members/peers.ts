import { isIPv4 } from 'node:net';
import { run } from '../../host/process.ts';

/** Tells the firewall which machines are nodes of this box. */
export class Peers {
  #told: string | null = null;

  /** @param addresses of all of them; the pods' network and the firewall's set are of IPv4. */
  async admit(addresses: readonly string[], signal: AbortSignal): Promise<void> {
    const wanted = [...new Set(addresses)].filter((address) => isIPv4(address)).toSorted();
    if (wanted.join() === this.#told) return;
    const add = wanted.length === 0 ? '' : `add element inet cpiab peers { ${wanted.join(', ')} }\n`;
    await run(['nft', '-f', '-'], { input: `flush set inet cpiab peers\n${add}`, signal });
    this.#told = wanted.join();
  }
}

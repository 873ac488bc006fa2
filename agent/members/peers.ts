import { ports } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';
import type { Members } from '../enroll/desk.ts';
import { findLink, firewallSet } from '../node/link.ts';
import { journal } from '../report/journal.ts';

/** Tells the firewall which machines are nodes of this box, and leads its own traffic with other servers. */
export class Peers {
  readonly #fixed: string;
  #told: string | null = null;
  #servers: readonly string[] = [];

  /** @param fixed the box's address in the cluster. */
  constructor(fixed: string) {
    this.#fixed = fixed;
  }

  async admit(members: Members, signal: AbortSignal): Promise<void> {
    const { all, servers } = members;
    const wanted = JSON.stringify(members);
    if (wanted !== this.#told) {
      const input = firewallSet('peers', all) + firewallSet('servers', servers);
      await run(['nft', '-f', '-'], { input, signal });
      this.#told = wanted;
    }
    // Each time: a card that was down has forgotten its routes. One that can't be reached keeps nobody else away.
    for (const address of servers)
      await this.#speakAsMember(address, signal).catch((error: Error) => {
        signal.throwIfAborted();
        journal('warn', { member: address, route: error.message });
      });
    for (const address of this.#servers.filter((one) => !servers.includes(one)))
      await run(['ip', 'route', 'delete', `${address}/32`], { signal }).catch(() => signal.throwIfAborted());
    this.#servers = servers;
  }

  /**
   * Other servers hear from this one by its address in the cluster: members of etcd let a peer in by the address that its
   * certificate has. Source: etcd, "Transport security model", notes for TLS authentication.
   */
  async #speakAsMember(address: string, signal: AbortSignal): Promise<void> {
    const { device } = await findLink(`${address}:${ports.kubernetes}`, signal, 0);
    await run(['ip', 'route', 'replace', `${address}/32`, 'dev', device, 'src', this.#fixed], { signal });
  }
}

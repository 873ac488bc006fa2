import { firewallTable } from '../../../contract/layout.ts';
import { ProcessError, run } from '../../../host/process.ts';

/** Longer than all connections to one host take. */
const OPEN_SECONDS = 30;
/** Of the box's firewall; a rule of its output chain lets pass what is in it. */
const SET = 'probes';

/**
 * Openings in the box's firewall: for one address and port each, closed by the kernel after seconds. They are made
 * only where a site wants probes, and only packets of the box itself can use them, none of a pod.
 */
export class Opening {
  readonly #table = [firewallTable.family, firewallTable.table];
  #isWalled: boolean | undefined;

  /** Lets connections to a host's ports pass. */
  async open(address: string, ports: readonly number[], signal: AbortSignal): Promise<void> {
    this.#isWalled ??= await this.#hasSet(signal);
    if (!this.#isWalled) return;
    const elements = ports.map((port) => `${address} . ${port} timeout ${OPEN_SECONDS}s`).join(', ');
    const input = `add element ${this.#table.join(' ')} ${SET} { ${elements} }\n`;
    await run(['nft', '-f', '-'], { input, signal });
  }

  /** @returns false where there is no firewall, as on a machine that is no box. */
  async #hasSet(signal: AbortSignal): Promise<boolean> {
    return await run(['nft', 'list', 'set', ...this.#table, SET], { signal }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ProcessError && error.failure === 'exit') return false;
        throw error;
      },
    );
  }
}

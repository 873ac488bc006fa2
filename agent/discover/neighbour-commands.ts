import { type PipedProcess, startPiped } from '../../host/piped-process.ts';

/**
 * Lets the kernel ask for hardware addresses, without a packet of ours: an entry of its neighbour table that is made
 * with `use` is resolved at once (NTF_USE, rtnetlink(7); ip-neighbour(8)). So neither a raw socket nor a datagram is
 * needed, and no rule of the firewall has to be opened. One `ip` runs for a whole sweep and gets a line for each.
 */
export class NeighbourCommands {
  readonly #link: string;
  readonly #program: PipedProcess;

  constructor(link: string, signal: AbortSignal) {
    this.#link = link;
    // Lines that fail, such as for an entry that the kernel has meanwhile, do not end it.
    const env = { PATH: process.env['PATH'] ?? '' };
    this.#program = startPiped(['ip', '-force', '-batch', '-'], { env, signal });
    // What is printed is of no use, and must not fill the pipe.
    this.#program.stdout.resume();
  }

  /** Asks for an address that the table does not have. */
  ask(address: string): void {
    this.#write(`neigh add ${address} dev ${this.#link} nud none use`);
  }

  /** Asks one that it has whether it is still there: two steps, since only a change makes the kernel ask. */
  askAgain(address: string): void {
    this.#write(`neigh change ${address} dev ${this.#link} nud stale`);
    this.#write(`neigh change ${address} dev ${this.#link} nud probe`);
  }

  forget(address: string): void {
    this.#write(`neigh del ${address} dev ${this.#link}`);
  }

  /** Waits until all of it is done. */
  async close(): Promise<void> {
    this.#program.stdin.end();
    await this.#program.ended;
  }

  #write(line: string): void {
    this.#program.stdin.write(`${line}\n`);
  }
}

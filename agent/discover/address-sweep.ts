import { setTimeout as sleep } from 'node:timers/promises';
import type { NeighbourCommands } from './neighbour-commands.ts';
import type { Neighbour, TableEntry } from './neighbours.ts';

const TICK_MS = 40;
/** A host on the same link answers within milliseconds, unless its radio sleeps. */
export const PATIENCE_MS = 250;
/** An entry that is not in the table by then was refused, or thrown out. */
const LOST_MS = 2000;
/** At once: the kernel begins to throw entries out at 512 (gc_thresh2, arp(7)), and pods have some too. */
const WINDOW = 256;
/** At 5 % loss each way a host misses three questions once in a thousand times, five once in a hundred thousand. */
export const TRIES = { usual: 3, lossy: 5 } as const;

/** An address that is being asked. */
interface Open {
  writtenAt: number;
  /** When it was first seen in the kernel's table; null until then. */
  askedAt: number | null;
  tries: number;
}

/** Only from its being in the table on does a host have its time to answer: `ip` may have to wait for a processor. */
function isWaiting(open: Open, entry: TableEntry | undefined, now: number): boolean {
  if (entry?.mac) return false;
  if (entry !== undefined) open.askedAt ??= now;
  return open.askedAt === null ? now - open.writtenAt < LOST_MS : now - open.askedAt < PATIENCE_MS;
}

interface Asked {
  address: string;
  tries: number;
}

/** Addresses of one link that the kernel does not know: each has its own tries, and only some are open at once. */
export class AddressSweep {
  readonly #commands: NeighbourCommands;
  readonly #readTable: () => Promise<TableEntry[]>;
  readonly #perMs: number;
  readonly #open = new Map<string, Open>();
  readonly #found: Neighbour[] = [];
  #queue: Asked[] = [];
  #givenUp: Asked[] = [];
  /** To be asked again, once `ip` has taken their old entries out: it may lag behind. */
  #leaving: (Asked & { since: number })[] = [];
  #tries: number = TRIES.usual;

  /** @param readTable whom the kernel knows on the link. */
  constructor(commands: NeighbourCommands, readTable: () => Promise<TableEntry[]>, perSecond: number) {
    this.#readTable = readTable;
    this.#commands = commands;
    this.#perMs = perSecond / 1000;
  }

  async run(addresses: readonly string[], signal: AbortSignal): Promise<Neighbour[]> {
    this.#queue = addresses.map((address) => ({ address, tries: 0 }));
    let budget = 1;
    for (let last = performance.now(); this.#isBusy; ) {
      budget = this.#ask(budget);
      await sleep(TICK_MS, undefined, { signal });
      const now = performance.now();
      // What a busy machine held up is not made good by a burst.
      budget = Math.min(budget + (now - last) * this.#perMs, Math.max(1, 4 * TICK_MS * this.#perMs));
      last = now;
      this.#take(await this.#readTable(), now);
    }
    return this.#found;
  }

  get #isBusy(): boolean {
    return this.#queue.length > 0 || this.#open.size > 0 || this.#leaving.length > 0;
  }

  /** @returns what is left of the questions that may be asked now. */
  #ask(budget: number): number {
    let left = budget;
    while (left >= 1 && this.#open.size < WINDOW) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      left -= 1;
      this.#open.set(next.address, { writtenAt: performance.now(), askedAt: null, tries: next.tries + 1 });
      this.#commands.ask(next.address);
    }
    return left;
  }

  #take(table: readonly TableEntry[], now: number): void {
    const entries = new Map(table.map((entry) => [entry.address, entry]));
    const stays = ({ address, since }: { address: string; since: number }) =>
      entries.has(address) && now - since < LOST_MS;
    this.#queue.push(...this.#leaving.filter((asked) => !stays(asked)));
    this.#leaving = this.#leaving.filter(stays);
    for (const [address, open] of this.#open) {
      const entry = entries.get(address);
      if (isWaiting(open, entry, now)) continue;
      this.#open.delete(address);
      this.#commands.forget(address);
      const mac = entry?.mac;
      if (entry !== undefined && mac) this.#answered({ ...entry, mac }, open.tries);
      else this.#again({ address, tries: open.tries }, now);
    }
  }

  /** Somebody who answers only when asked again shows that others may as well. */
  #answered(neighbour: Neighbour, tries: number): void {
    this.#found.push(neighbour);
    if (tries === 1) return;
    this.#tries = TRIES.lossy;
    this.#queue.push(...this.#givenUp.splice(0));
  }

  #again(asked: Asked, now: number): void {
    if (asked.tries < this.#tries) this.#leaving.push({ ...asked, since: now });
    else this.#givenUp.push(asked);
  }
}

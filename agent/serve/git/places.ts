import { clientOf } from '../../api/client-address.ts';
import type { Operator } from '../../api/operator.ts';

/** Each holds a git process and its pack in memory. */
const IN_ALL = 8;
/** Two are left for operators, so that nobody without a credential can keep a push out. */
const FOR_READERS = 6;
const PER_READER = 3;

/** Who has git at work. */
export class Places {
  readonly #taken: string[] = [];
  #operators = 0;

  /** @param address where the request came from. @returns what gives the place back, or null when there is none. */
  take(operator: Operator | null, address: string | undefined): (() => void) | null {
    if (this.#taken.length + this.#operators >= IN_ALL) return null;
    if (operator !== null) {
      this.#operators++;
      return () => void this.#operators--;
    }
    const client = clientOf(address);
    const own = this.#taken.filter((taken) => taken === client).length;
    if (this.#taken.length >= FOR_READERS || own >= PER_READER) return null;
    this.#taken.push(client);
    return () => void this.#taken.splice(this.#taken.indexOf(client), 1);
  }
}

import { CpiabError } from '../../contract/errors.ts';
import { clientOf } from '../api/client-address.ts';
import type { NodeRecord } from './ledger.ts';

/** Requests without an invitation that wait: in all, and of one client. */
const MOST = 256;
const MOST_OF_ONE = 4;

/**
 * Requests of machines that nobody invited. They are kept in memory only, and bounded: when all places are taken, the
 * client with the most of them loses its oldest, or no more are taken. Who was invited has a place elsewhere.
 */
export class Uninvited {
  readonly #records = new Map<string, NodeRecord>();
  /** Identifiers by client, oldest first. */
  readonly #clients = new Map<string, Set<string>>();

  get(id: string): NodeRecord | undefined {
    return this.#records.get(id);
  }

  byKey(key: string): NodeRecord | undefined {
    return this.all().find((record) => record.key === key);
  }

  named(name: string): NodeRecord[] {
    return this.all().filter((record) => record.name === name);
  }

  all(): NodeRecord[] {
    return [...this.#records.values()];
  }

  /** @throws CpiabError E5504 when this client has all the places that one may have. */
  add(record: NodeRecord, now: number): void {
    for (const [id, { expires }] of this.#records) if (expires <= now) this.delete(id);
    const client = clientOf(record.address);
    if ((this.#clients.get(client)?.size ?? 0) >= MOST_OF_ONE)
      throw new CpiabError('E5504', {
        subject: record.address,
        args: [`${MOST_OF_ONE} requests of this address wait for a decision`],
      });
    if (this.#records.size >= MOST) this.#evict();
    this.#records.set(record.id, record);
    this.#clients.set(client, (this.#clients.get(client) ?? new Set()).add(record.id));
  }

  delete(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    const client = clientOf(record.address);
    const own = this.#clients.get(client);
    this.#records.delete(id);
    own?.delete(id);
    if (own?.size === 0) this.#clients.delete(client);
  }

  /** @throws CpiabError E5504 when no client has more than one: then nobody who waits has to go. */
  #evict(): void {
    let most = new Set<string>();
    for (const own of this.#clients.values()) if (own.size > most.size) most = own;
    const [oldest = ''] = most;
    if (most.size < 2)
      throw new CpiabError('E5504', { subject: 'requests', args: [`${MOST} addresses wait for a decision`] });
    this.delete(oldest);
  }
}

import type { Membership, Presence } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Peer } from '../enroll/requests.ts';

/** What a further control plane serves besides the API: its medium's images, to members of the cluster. */
export interface Serving {
  roster: Roster;
  /** What the box tells others of it. */
  registry: NonNullable<Presence['registry']>;
}

/** Whom a control plane gives images: what the box said last, also while that is gone, until the certificates end. */
export class Roster {
  readonly #wall: () => number;
  readonly #disconnect: (key: string) => void;
  #until = new Map<string, number>();

  /** @param disconnect ends every connection of a key. */
  constructor(wall: () => number, disconnect: (key: string) => void) {
    this.#wall = wall;
    this.#disconnect = disconnect;
  }

  set(members: Membership['members']): void {
    const before = this.#until;
    this.#until = new Map(members.map(({ key, until }) => [key, Date.parse(until)]));
    for (const key of before.keys()) if (!this.#until.has(key)) this.#disconnect(key);
  }

  /** Who shows the key of a certificate has it: TLS has proven that. @throws CpiabError E2503. */
  expectMember({ key }: Peer): void {
    const until = key === null ? undefined : this.#until.get(key);
    if (until !== undefined && this.#wall() < until) return;
    const why = until === undefined ? 'no member of the cluster has its key' : 'its certificate has ended';
    throw new CpiabError('E2503', { subject: 'connection', args: [why] });
  }
}

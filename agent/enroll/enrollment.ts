import type { z } from 'zod';
import type { InvitationRequestSchema, NodeList, Presence, Renewal } from '../../contract/enroll.ts';
import type { Operator } from '../api/operator.ts';
import { InTurn } from '../in-turn.ts';
import { admitNodes } from './admitted.ts';
import { approve, type Decision, deny, remove, revoke } from './decisions.ts';
import { type Desk, nodeOf } from './desk.ts';
import { invite } from './invitations.ts';
import { drain, joined, joinMaterial, presence } from './joining.ts';
import { leave } from './leave.ts';
import { tellCluster } from './leaving.ts';
import type { NodeRecord } from './ledger.ts';
import { listNodes } from './list.ts';
import { expectOwn, grant, memberOf, renew } from './membership.ts';
import { type Declared, declaredFor } from './pool.ts';
import { Uninvited } from './quota.ts';
import { decisionOf, type Peer, type Submitted, submit } from './requests.ts';
import { Sightings } from './sightings.ts';

/** How machines become nodes of a box, and stop being. Each step is in the audit log before it is done. */
export class Enrollment {
  readonly #desk: Desk;
  readonly #uninvited = new Uninvited();
  readonly #sightings = new Sightings();

  constructor(desk: Omit<Desk, 'inTurn'>) {
    this.#desk = { ...desk, inTurn: new InTurn() };
  }

  /** @param address of the box, as its nodes reach it. */
  invite(asked: z.output<typeof InvitationRequestSchema>, address: string, who: Operator) {
    return invite(this.#desk, asked, address, who);
  }

  async submit(submitted: Submitted) {
    return this.#told(await submit(this.#desk, this.#uninvited, submitted));
  }

  /** What became of a request, for the key that made it; null when the node may fetch what it is granted. */
  decision(id: string, peer: Peer) {
    const waiting = this.#uninvited.get(id);
    if (waiting !== undefined && waiting.key === peer.key) return this.#told(waiting);
    const decision = this.#told(expectOwn(this.#desk, id, peer));
    return decision.state === 'pending' ? decision : null;
  }

  grant(id: string, peer: Peer) {
    return grant(this.#desk, id, peer);
  }

  renew(peer: Peer, renewal: Renewal) {
    return renew(this.#desk, peer, renewal);
  }

  joinMaterial(peer: Peer, signal: AbortSignal) {
    return joinMaterial(this.#desk, this.#sightings, peer, signal);
  }

  presence(peer: Peer, told: Presence | null) {
    return presence(this.#desk, peer, told);
  }

  /** @throws CpiabError E2503, E2504 for who is no member. */
  expectMember(peer: Peer): void {
    memberOf(this.#desk, peer);
  }

  /** @throws CpiabError E5501. */
  nameOf(id: string): string {
    return nodeOf(this.#desk, id).name;
  }

  drain(asked: Decision, seconds: number, signal: AbortSignal) {
    return drain(this.#desk, asked, seconds, signal);
  }

  approve(asked: Decision & { request: string }) {
    return approve(this.#desk, this.#uninvited, asked);
  }

  deny(asked: Decision) {
    return deny(this.#desk, this.#uninvited, asked);
  }

  revoke(asked: Decision) {
    return revoke(this.#desk, asked);
  }

  remove(asked: Decision) {
    return remove(this.#desk, asked);
  }

  leave(peer: Peer) {
    return leave(this.#desk, peer);
  }

  /** Ends every connection of a key. */
  disconnect({ key }: Peer): void {
    if (key !== null) this.#desk.disconnect(key);
  }

  async rotate(who: Operator) {
    const event = { who, action: 'rotate', subject: 'issuing authority', detail: '' } as const;
    return await this.#desk.audit.around(event, () => this.#desk.authority.rotate());
  }

  list(): NodeList {
    return listNodes(this.#desk, this.#uninvited, this.#sightings);
  }

  /** Every node that was ever written down. */
  records(): Iterable<NodeRecord> {
    return this.#desk.ledger.nodes.values();
  }

  /** Whether a member has what it joins with, and is not ready yet. */
  isJoining(): boolean {
    return [...this.records()].some(
      ({ state, joining, ready }) => state === 'joined' && joining !== null && ready === null,
    );
  }

  /** @param ready of all Nodes of the cluster, by name. */
  see(ready: ReadonlyMap<string, boolean>): void {
    this.#sightings.see(ready);
  }

  /** What the site says about a node. */
  declaredFor(node: NodeRecord): Declared {
    return declaredFor(this.#desk.pools, node);
  }

  joined(id: string, signal: AbortSignal) {
    return joined(this.#desk, id, signal);
  }

  /** Tells the cluster of the nodes that ended while it could not be told. */
  tellCluster() {
    return tellCluster(this.#desk);
  }

  /** Lets the members through the firewall, and nobody else. */
  admit() {
    return admitNodes(this.#desk);
  }

  /** Whether a key is shut out. */
  refuses(key: string): boolean {
    return (this.#desk.ledger.byKey.get(key)?.revokedAt ?? null) !== null;
  }

  #told(record: Parameters<typeof decisionOf>[0]) {
    return decisionOf(record, this.#desk.clock.now());
  }
}

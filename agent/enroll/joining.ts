import { isDeepStrictEqual } from 'node:util';
import type { Membership, Presence } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { JoinMaterial } from '../../contract/join-material.ts';
import { ports } from '../../contract/layout.ts';
import { plainAddress } from '../api/client-address.ts';
import { theBox } from '../audit/log.ts';
import { admitNodes, othersOf } from './admitted.ts';
import type { Decision } from './decisions.ts';
import { type Desk, type EnrollingEngine, nodeOf, subjectOf } from './desk.ts';
import { expectTaken } from './invitations.ts';
import { memberOf, removedNodeOf } from './membership.ts';
import { declaredFor } from './pool.ts';
import type { Peer } from './requests.ts';
import type { Sightings } from './sightings.ts';

const TOKEN_MS = 10 * 60_000;

/**
 * What a member joins the cluster with, for a while. It may ask again: the token has ended, or what it had joined with
 * is lost. What it was given before is worth nothing from then on.
 * @throws CpiabError E2503, E2504; E5505 where there is no cluster, and for one that is ready in it.
 */
export async function joinMaterial(
  desk: Desk,
  sightings: Sightings,
  peer: Peer,
  signal: AbortSignal,
): Promise<JoinMaterial> {
  const { ledger, clock, audit, pools, inTurn } = desk;
  return await inTurn.run(memberOf(desk, peer).key, async () => {
    const node = memberOf(desk, peer);
    const subject = subjectOf(node);
    const engine = runningEngine(desk, subject);
    if (sightings.isReady(node.name))
      throw new CpiabError('E5505', { subject, args: ['ready in the cluster', 'joined to it again'] });
    expectTaken(desk, node.role, subject);
    const address = plainAddress(peer.address);
    await ledger.put({ nodes: [{ ...node, address, joining: clock.now(), ready: null }] });
    await admitNodes(desk);
    const detail = `join material, role ${node.role}, for ${address}`;
    const event = { who: theBox, action: 'issue', subject, detail } as const;
    const material = await audit.around(event, () => engine.mintJoinToken(node, TOKEN_MS, signal));
    const registry = desk.registry();
    return {
      ...material,
      taints: [...declaredFor(pools, node).taints],
      ...(registry === undefined ? {} : { registry }),
    };
  });
}

/** The cluster says that a node is ready: what it joined with ends. It is done again until it was done. */
export async function joined(desk: Desk, id: string, signal: AbortSignal): Promise<void> {
  const { ledger, audit, clock, inTurn } = desk;
  await inTurn.run(nodeOf(desk, id).key, async () => {
    const node = nodeOf(desk, id);
    if (node.state !== 'joined' || node.ready !== null) return;
    const subject = subjectOf(node);
    await runningEngine(desk, subject).endJoin(node.name, signal);
    const seconds = node.joining === null ? 0 : Math.round((clock.now() - node.joining) / 1000);
    const detail = `ready ${seconds} s after it was given join material, which is worth nothing now`;
    await audit.record({ who: theBox, action: 'join', subject, outcome: 'done', detail });
    await ledger.put({ nodes: [{ ...node, ready: clock.now() }] });
  });
}

const nobody = { servers: [], peers: [], registries: [], members: [] };

/** A node tells where it is now, and what it serves. @throws CpiabError E2503, E2504. */
export async function presence(desk: Desk, peer: Peer, told: Presence | null): Promise<Membership> {
  const { ledger, inTurn } = desk;
  const bundle = desk.registry()?.bundle ?? null;
  const answer = { apiVersion: 'cpiab.dev/v1', kind: 'Membership', bundle } as const;
  const removed = removedNodeOf(desk, peer);
  if (removed !== null) return { ...answer, id: removed.id, state: 'removed', ...nobody };
  return await inTurn.run(memberOf(desk, peer).key, async () => {
    const node = memberOf(desk, peer);
    const address = plainAddress(peer.address);
    const served = node.role === 'control-plane' ? (told?.registry ?? null) : null;
    const registry = served && { ...served, address: `${address}:${ports.nodes}` };
    if (node.address !== address || !isDeepStrictEqual(node.registry, registry)) {
      await ledger.put({ nodes: [{ ...node, address, registry }] });
      await admitNodes(desk);
    }
    return { ...answer, id: node.id, state: 'joined', ...othersOf(desk, node) };
  });
}

/** Moves the pods off a node. @returns what was moved. @throws CpiabError E5501, E5505, E5510. */
export async function drain(
  desk: Desk,
  { id, who, reason }: Decision,
  seconds: number,
  signal: AbortSignal,
): Promise<string[]> {
  const node = nodeOf(desk, id);
  const subject = subjectOf(node);
  const engine = runningEngine(desk, subject);
  const event = { who, action: 'drain', subject, detail: reason } as const;
  return await desk.audit.around(event, () => engine.drain(node.name, seconds * 1000, signal));
}

function runningEngine({ engine }: Desk, subject: string): EnrollingEngine {
  const running = engine();
  if (running !== undefined) return running;
  const what = 'enrolled, but Kubernetes does not run on the box';
  throw new CpiabError('E5505', { subject, args: [what, 'joined to it or drained'] });
}

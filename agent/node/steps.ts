import { existsSync } from 'node:fs';
import type { Invitation } from '../../contract/invitation.ts';
import { units } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';
import type { Board } from '../board.ts';
import { engineOf, prepareEngine } from '../engine/start.ts';
import { enroll } from '../join/enroll.ts';
import { ownInventory } from '../join/inventory.ts';
import { fetchJoinMaterial } from '../join/renew.ts';
import type { Member, NodeStore } from '../join/store.ts';
import type { StepContext } from '../step.ts';
import { admitBox, findLink, type Link, routeToBox } from './link.ts';
import { mirrorBox } from './mirror-box.ts';
import { writeMirrors } from './mirrors.ts';

/** What a machine that joins a box was given, and what it keeps. */
export interface Joining {
  name: string;
  invitation: Invitation;
  /** Whether the machine runs another system, of which nothing may stay changed. */
  guest: boolean;
  store: NodeStore;
}

/** The box's own address, as this node goes there now. */
export async function linkToBox({ site }: Board, joining: Joining, signal: AbortSignal): Promise<Link> {
  const member = await joining.store.member();
  const link = await findLink(member?.box ?? joining.invitation.box, signal);
  await admitBox(link, site.network.nodeAddress, signal);
  return link;
}

/** Asks the box for a place, and waits until somebody has decided. A certificate that is there is enough. */
export async function enrollStep(
  board: Board,
  joining: Joining,
  { signal, progress }: StepContext,
): Promise<string> {
  const { store, name, invitation } = joining;
  progress(`looking for ${invitation.box}`);
  await linkToBox(board, joining, signal);
  const { fingerprint } = await store.key();
  const told = { box: invitation.box, name, key: fingerprint };
  board.report.observe({ node: { ...told, id: (await store.member())?.grant.id ?? null } });
  const member = await enrolled(board, joining, progress, signal);
  board.report.observe({ node: { ...told, id: member.grant.id } });
  return `node ${member.grant.id} of ${member.box}`;
}

/** A node of the cluster goes on without a certificate of the box; the loop says what is wrong. */
async function enrolled(
  { paths }: Board,
  { store, name, invitation }: Joining,
  progress: (what: string) => void,
  signal: AbortSignal,
): Promise<Member> {
  const known = await store.member();
  if (known !== null && existsSync(paths.initialised)) return known;
  progress(`asking ${invitation.box}`);
  const applicant = { name, role: 'agent' as const, inventory: await ownInventory() };
  return await enroll(store, invitation, applicant, {
    waiting: (_, key) => progress(`waiting for approval; key ${key}`),
    wall: Date.now,
    signal,
  });
}

/** Begins when the bundle's index is known to be good: images lie on the medium, also before somebody has decided. */
export async function prepareNode(board: Board, joining: Joining, signal: AbortSignal): Promise<void> {
  await board.when('manifest');
  await run(['systemctl', 'start', '--no-block', units.registry], { signal });
  const { own } = await linkToBox(board, joining, signal);
  await writeMirrors(`${board.paths.run}/certs.d`, null);
  const self = { name: joining.name, role: 'agent', address: own, highlyAvailable: false } as const;
  await prepareEngine(board, await engineOf(board, self), signal);
}

/** Joins the cluster, or goes on as its node. */
export async function joinStep(
  board: Board,
  joining: Joining,
  { signal, progress }: StepContext,
): Promise<string> {
  const { store, name } = joining;
  const engine = board.get('engine');
  await routeToBox(await linkToBox(board, joining, signal), board.site.network.nodeAddress, signal);
  if (!engine.isMember()) {
    progress('asking the box for what it joins with');
    const material = await fetchJoinMaterial(store, signal);
    await store.keepCluster({ servers: material.servers, registry: material.registry ?? null });
    await engine.joinAgent(material, progress, signal);
    board.report.mark('joined');
  }
  const cluster = await store.requireCluster();
  await mirrorBox(board, store, cluster);
  await engine.startAgent(cluster.servers, progress, signal);
  board.report.mark('node');
  return `${name} is ready, ${board.site.engine.kind} ${board.site.engine.version}`;
}

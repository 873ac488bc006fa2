import { existsSync } from 'node:fs';
import { units } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';
import type { Board } from '../board.ts';
import { engineOf, prepareEngine } from '../engine/start.ts';
import { enroll } from '../join/enroll.ts';
import { ownInventory } from '../join/inventory.ts';
import { tellPresence } from '../join/presence.ts';
import { fetchJoinMaterial } from '../join/renew.ts';
import type { Member } from '../join/store.ts';
import type { StepContext } from '../step.ts';
import { expectAddress, expectDisk } from './control-plane.ts';
import type { Joining } from './joining.ts';
import { leave } from './leave.ts';
import { admitCluster, findLink, type Link, routeToBox } from './link.ts';
import { mirrorRegistries } from './mirror-registries.ts';
import { noRegistries, writeMirrors } from './mirrors.ts';
import { serveImages } from './serve-images.ts';

/** The box's own address, as this node goes there now. */
export async function linkToBox({ site }: Board, joining: Joining, signal: AbortSignal): Promise<Link> {
  const member = await joining.store.member();
  const link = await findLink(member?.box ?? joining.invitation.box, signal);
  await admitCluster(link, site.network.nodeAddress, await joining.store.cluster(), signal);
  return link;
}

/** Asks the box for a place, and waits until somebody has decided. A certificate that is there is enough. */
export async function enrollStep(
  board: Board,
  joining: Joining,
  { signal, progress }: StepContext,
): Promise<string> {
  const { store, name, invitation } = joining;
  expectDisk(board, joining);
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
  { store, name, role, invitation }: Joining,
  progress: (what: string) => void,
  signal: AbortSignal,
): Promise<Member> {
  const known = await store.member();
  if (known !== null && existsSync(paths.initialised)) return known;
  progress(`asking ${invitation.box}`);
  const applicant = { name, role, inventory: await ownInventory() };
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
  await writeMirrors(`${board.paths.run}/certs.d`, noRegistries);
  await expectAddress(joining, own);
  const { name, role } = joining;
  const self = { name, role, address: own, joins: true, highlyAvailable: role === 'control-plane' };
  await prepareEngine(board, await engineOf(board, self), signal);
}

/** Joins the cluster, or goes on as its node. */
export async function joinStep(
  board: Board,
  joining: Joining,
  { signal, progress }: StepContext,
): Promise<string> {
  const { store, name, role } = joining;
  const engine = board.get('engine');
  const link = await linkToBox(board, joining, signal);
  await routeToBox(link, board.site.network.nodeAddress, signal);
  if (engine.isMember()) await leaveIfRemoved(board, joining, signal);
  else {
    progress('asking the box for what it joins with');
    const material = await fetchJoinMaterial(store, signal);
    const { servers, registry } = material;
    const told = { servers, registries: registry === undefined ? [] : [registry], peers: [], members: [] };
    const cluster = { ...told, address: role === 'control-plane' ? link.own : null };
    await store.keepCluster(cluster);
    await admitCluster(link, board.site.network.nodeAddress, cluster, signal);
    await engine.join(material, progress, signal);
    board.report.mark('joined');
  }
  const cluster = await store.requireCluster();
  if (role === 'control-plane' && board.peek('serving') === undefined)
    board.put('serving', await serveImages(board, joining, signal));
  await mirrorRegistries(board, store, cluster, signal);
  await engine.startJoined(cluster.servers, progress, signal);
  board.report.mark('node');
  return `${name} is ready, ${board.site.engine.kind} ${board.site.engine.version}`;
}

/** Removed while it was off, it waits for no Node. A box that does not answer keeps it from nothing. */
async function leaveIfRemoved(board: Board, joining: Joining, signal: AbortSignal): Promise<void> {
  const told = await tellPresence(joining.store, signal).catch(() => null);
  if (told?.state === 'removed') await leave(board, joining, signal);
  signal.throwIfAborted();
}

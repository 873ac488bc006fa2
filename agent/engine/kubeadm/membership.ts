import { join } from 'node:path';
import type { JoinMaterial } from '../../../contract/join-material.ts';
import { persisted } from '../../../contract/layout.ts';
import type { JoiningNode } from '../engine.ts';
import { deleteNode, deleteTokens } from '../nodes.ts';
import { endAutoApproval } from './approvals.ts';
import { authorityHash, readAuthorities } from './authorities.ts';
import type { EtcdAccess } from './etcd/access.ts';
import { listMembers, removeMember } from './etcd/members.ts';
import { createToken } from './tokens.ts';

/** What a server changes the cluster's members with. */
export interface Administration {
  etcd: EtcdAccess;
  /** Path of a kubeconfig with all rights. */
  kubeconfig: string;
}

const KUBECTL = ['kubectl'];

/** What one node joins with. A token that it was given before no longer works. */
export async function mintJoin(
  { etcd, kubeconfig }: Administration,
  node: JoiningNode,
  ttlMs: number,
  signal: AbortSignal,
): Promise<JoinMaterial> {
  const pki = join(persisted.kubernetes, 'pki');
  // Before there is a token.
  await endAutoApproval(kubeconfig, signal);
  await deleteTokens(KUBECTL, kubeconfig, node.name, signal);
  // Who asks has not joined, or not any more: its member of etcd is without its data, and kubeadm joins by no name that
  // the cluster knows as ready.
  if (node.role === 'control-plane') await removeMember(etcd, node.name, signal);
  await deleteNode(KUBECTL, kubeconfig, node.name, signal);
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'JoinMaterial',
    engine: 'kubeadm',
    role: node.role,
    node: node.name,
    servers: await serverAddresses(etcd, signal),
    token: await createToken(kubeconfig, node.name, ttlMs, signal),
    caHash: await authorityHash(pki),
    authorities: node.role === 'control-plane' ? await readAuthorities(pki) : {},
    taints: [],
  };
}

/** Takes away what a node could join with once more. */
export async function endJoin(
  { kubeconfig }: Pick<Administration, 'kubeconfig'>,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  await deleteTokens(KUBECTL, kubeconfig, node, signal);
}

/** Every server has a member of etcd at its address; this one answers, so it comes first. */
async function serverAddresses(etcd: EtcdAccess, signal: AbortSignal): Promise<string[]> {
  const own = new URL(etcd.endpoints[0] ?? '').hostname;
  const members = await listMembers(etcd, signal);
  const all = members.flatMap(({ peers, learner }) =>
    learner ? [] : peers.map((peer) => new URL(peer).hostname),
  );
  return [own, ...all.filter((address) => address !== own).toSorted()];
}

/** Takes a node out. Its Node goes last: while it is there, a removal that was cut off can be seen. */
export async function revokeNode(
  { etcd, kubeconfig }: Administration,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  await deleteTokens(KUBECTL, kubeconfig, node, signal);
  await removeMember(etcd, node, signal);
  await deleteNode(KUBECTL, kubeconfig, node, signal);
}

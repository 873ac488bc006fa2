import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JoinMaterial } from '../../../contract/join-material.ts';
import { units } from '../../../contract/layout.ts';
import { writeAtomic } from '../../../host/files.ts';
import { run } from '../../../host/process.ts';
import { type KubeClient, withKube } from '../../kube/client.ts';
import { type ClusterNode, isReady, readiness } from '../../kube/nodes.ts';
import { until } from '../../until.ts';
import type { Progress, Self } from '../engine.ts';
import { completeServer, hasStore, joinServer, startServerAgain } from './further-server.ts';
import { writeKubeProxyConfiguration } from './host-files.ts';
import { kubeletKubeconfig, useRenewedKubeletCertificate } from './kubeconfigs.ts';
import { isMember, kubeletAccess } from './kubelet-access.ts';
import { startPodNetwork, writePodNetwork } from './pod-network.ts';
import { completed, type JoinedNode, pointEndpoint, writeBalancer, writeJoinFiles } from './start.ts';
import { stageStaticPods } from './static-pods.ts';

const POLL_MS = 1000;

/** Joins by a token. It returns when kubelet has a certificate of its own. */
export async function joinCluster(
  node: JoinedNode,
  material: JoinMaterial,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  if (node.self.role === 'control-plane') return await joinServer(node, material, progress, signal);
  const { files, input, kubeadm, initialised } = node;
  await reachServers(node, material.servers, signal);
  await writeJoinFiles(files, input, material);
  await completed(kubeadm, ['join', '--config', files.join], initialised, progress, signal);
}

/** Starts kubelet of a node that has joined, if it isn't running; waits until the cluster has given it what it needs. */
export async function startJoined(
  node: JoinedNode,
  servers: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { site, self, files, initialised } = node;
  const isServer = self.role === 'control-plane';
  await rememberMembership(self, initialised);
  await (isServer ? startServerAgain(node, progress, signal) : reachServers(node, servers, signal));
  await useRenewedKubeletCertificate();
  await run(['systemctl', 'start', units.kubelet], { signal });
  if (isServer) await completeServer(node, servers, progress, signal);
  await writeKubeProxyConfiguration(files, site, self, kubeletKubeconfig);
  await run(['systemctl', 'start', '--no-block', units.kubeProxy], { signal });
  await until(isMember, signal);
  await withKube(await kubeletAccess(), async (kube) => {
    progress("waiting for this node's part of the pods' network");
    const hasPart = ({ spec }: ClusterNode) => spec.podCIDR !== undefined;
    const { spec } = await ownNode(kube, self.name, hasPart, progress, signal);
    if (isServer) await stageStaticPods('all', files.staticPods);
    await writePodNetwork(files.cni, spec.podCIDR ?? '', site);
    await startPodNetwork(site, self, signal);
    await ownNode(kube, self.name, isReady, progress, signal);
  });
}

/**
 * A join that was cut off is complete in the main when kubelet has got its certificate, or a server's etcd its data:
 * without that, the others might have no majority.
 */
export async function rememberMembership({ role }: Self, initialised: string): Promise<void> {
  const isJoined = role === 'control-plane' ? hasStore() : isMember();
  if (!existsSync(initialised) && isJoined) await writeAtomic(initialised, `${new Date().toISOString()}\n`);
}

/** A server has the API at itself. */
export async function followServers(
  node: JoinedNode,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (node.self.role === 'agent') await reachServers(node, servers, signal);
}

/** One server is asked itself; of several, a balancer asks those that answer. */
async function reachServers(
  { self, files: { hosts } }: Pick<JoinedNode, 'self' | 'files'>,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const [only = '', ...others] = servers;
  if (others.length === 0) return await pointEndpoint(hosts, self, only);
  await writeBalancer(servers);
  await run(['systemctl', 'restart', units.balancer], { signal });
  await pointEndpoint(hosts, self, '127.0.0.1');
}

async function ownNode(
  kube: KubeClient,
  name: string,
  isSo: (node: ClusterNode) => boolean,
  progress: Progress,
  signal: AbortSignal,
): Promise<ClusterNode> {
  for (;;) {
    const node = await kube.get<ClusterNode>(`/api/v1/nodes/${name}`, signal).catch((error: Error) => {
      signal.throwIfAborted();
      progress(`waiting for its Node: ${error.message}`);
      return null;
    });
    if (node !== null && isSo(node)) return node;
    if (node !== null) progress(`waiting for its Node: ${readiness(node)?.message ?? 'not told yet'}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}

import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JoinMaterial } from '../../../contract/join-material.ts';
import { units } from '../../../contract/layout.ts';
import type { Site } from '../../../contract/site.ts';
import { writeAtomic } from '../../../host/files.ts';
import { run } from '../../../host/process.ts';
import { type KubeClient, withKube } from '../../kube/client.ts';
import { type ClusterNode, isReady, readiness } from '../../kube/nodes.ts';
import type { Progress, Self } from '../engine.ts';
import type { Kubeadm } from './command.ts';
import type { KubeadmInput } from './config.ts';
import { type HostFiles, writeKubeProxyConfiguration } from './host-files.ts';
import { kubeletKubeconfig, useRenewedKubeletCertificate } from './kubeconfigs.ts';
import { isMember, kubeletAccess } from './kubelet-access.ts';
import { startPodNetwork, writePodNetwork } from './pod-network.ts';
import { completed, pointEndpoint, writeBalancer, writeJoinFiles } from './start.ts';

const POLL_MS = 1000;

/** What a node that runs pods only is started with. */
export interface AgentNode {
  site: Site;
  self: Self;
  files: HostFiles;
  input: KubeadmInput;
  kubeadm: Kubeadm;
  /** File that says that this node has joined. */
  initialised: string;
}

/** Joins by a token. It returns when kubelet has a certificate of its own. */
export async function joinAsAgent(
  { self, files, input, kubeadm, initialised }: AgentNode,
  material: JoinMaterial,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  await reachServers(files, self, material.servers, signal);
  await writeJoinFiles(files, input, material);
  await completed(kubeadm, ['join', '--config', files.join], initialised, progress, signal);
}

/** Starts kubelet of a node that has joined, if it isn't running; waits until the cluster has given it what it needs. */
export async function startAsAgent(
  { site, self, files, initialised }: AgentNode,
  servers: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  await rememberMembership(initialised);
  await reachServers(files, self, servers, signal);
  await useRenewedKubeletCertificate();
  await run(['systemctl', 'start', units.kubelet], { signal });
  await writeKubeProxyConfiguration(files, site, self, kubeletKubeconfig);
  await run(['systemctl', 'start', '--no-block', units.kubeProxy], { signal });
  await withKube(await kubeletAccess(), async (kube) => {
    progress("waiting for this node's part of the pods' network");
    const hasPart = ({ spec }: ClusterNode) => spec.podCIDR !== undefined;
    const { spec } = await ownNode(kube, self.name, hasPart, progress, signal);
    await writePodNetwork(files.cni, spec.podCIDR ?? '', site);
    await startPodNetwork(site, self, signal);
    await ownNode(kube, self.name, isReady, progress, signal);
  });
}

/** A join that was cut off after kubelet had got its certificate is complete. */
export async function rememberMembership(initialised: string): Promise<void> {
  if (!existsSync(initialised) && isMember()) await writeAtomic(initialised, `${new Date().toISOString()}\n`);
}

/** One server is asked itself; of several, a balancer asks those that answer. */
async function reachServers(
  { hosts }: HostFiles,
  self: Self,
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

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Site } from '../../../contract/site.ts';
import { writeAtomic } from '../../../host/files.ts';
import type { Self } from '../engine.ts';
import { nodePodNetwork } from './addresses.ts';
import { type KubeadmInput, kubeadmDocuments, kubeadmPatches } from './config.ts';
import { kubeProxyKubeconfig } from './kubeconfigs.ts';
import { writePodNetwork } from './pod-network.ts';

/** Where the files lie that depend on the site or the bundle; all in memory, written anew at each boot. */
export interface HostFiles {
  kubeadm: string;
  /** For a node that joins. */
  join: string;
  patches: string;
  staticPods: string;
  /** `/etc/hosts` leads to it. */
  hosts: string;
  resolvConf: string;
  /** `/etc/containerd/config.toml` imports it. */
  containerd: string;
  /** kube-proxy.service names it. */
  kubeProxy: string;
  cni: string;
  /** Of a node that joins: where containerd looks for images. */
  mirrors: string;
}

/** @param run directory in memory. @param cniDirectory where containerd looks for the pods' network. */
export function hostFiles(run: string, cniDirectory: string): HostFiles {
  return {
    kubeadm: join(run, 'kubeadm.yaml'),
    join: join(run, 'kubeadm-join.yaml'),
    patches: join(run, 'kubeadm-patches'),
    staticPods: join(run, 'static-pods'),
    hosts: join(run, 'hosts'),
    resolvConf: join(run, 'resolv.conf'),
    containerd: join(run, 'containerd.toml'),
    kubeProxy: join(run, 'kube-proxy.yaml'),
    cni: join(cniDirectory, '10-cpiab.conflist'),
    mirrors: join(run, 'certs.d'),
  };
}

/** Writes them all. */
export async function writeHostFiles(files: HostFiles, input: KubeadmInput): Promise<void> {
  const { site, images, self } = input;
  const texts: Record<string, string> = {
    [files.kubeadm]: kubeadmDocuments(input)
      .map((document) => `---\n${stringify(document, { aliasDuplicateObjects: false })}`)
      .join(''),
    [files.resolvConf]: resolvConf(site, self),
    [files.containerd]: containerdConfig(images.pause, self.joins ? files.mirrors : null),
  };
  for (const [name, patch] of Object.entries(kubeadmPatches(self)))
    texts[join(files.patches, name)] = JSON.stringify(patch);
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(path), { recursive: true });
    await writeAtomic(path, text);
  }
  // Of a node that joins these have to wait for what the cluster says.
  if (!self.joins) {
    await writeKubeProxyConfiguration(files, site, self, kubeProxyKubeconfig);
    await writePodNetwork(files.cni, nodePodNetwork(site.network.podCIDR), site);
  }
  // kubelet looks again for one that was not there after 20 s only.
  await mkdir(files.staticPods, { recursive: true });
}

/**
 * CoreDNS refuses to start without a server to forward to. Where the site names none it is the node, where nothing
 * listens, so that names outside the cluster fail at once.
 */
function resolvConf({ network: { nameservers } }: Pick<Site, 'network'>, { address }: Self): string {
  const servers = nameservers.length > 0 ? nameservers : [address];
  return `${servers.map((server) => `nameserver ${server}\n`).join('')}options timeout:1 attempts:1\n`;
}

/**
 * The image that holds a pod's namespaces is the bundle's own. Source: containerd CRI configuration, version 4.
 * @param mirrors directory that says where images are; null for the one in the operating system.
 */
function containerdConfig(pause: string, mirrors: string | null): string {
  const images = "plugins.'io.containerd.cri.v1.images'";
  const pinned = `[${images}.pinned_images]\n  sandbox = '${pause}'\n`;
  const registry = mirrors === null ? '' : `\n[${images}.registry]\n  config_path = '${mirrors}'\n`;
  return `version = 4\n\n${pinned}${registry}`;
}

/** @param kubeconfig whose identity kube-proxy has: its own on the first server, kubelet's on a node that joined. */
export async function writeKubeProxyConfiguration(
  { kubeProxy }: Pick<HostFiles, 'kubeProxy'>,
  site: Pick<Site, 'network'>,
  { name }: Self,
  kubeconfig: string,
): Promise<void> {
  await writeAtomic(kubeProxy, stringify(kubeProxyConfiguration(site, name, kubeconfig)));
}

/** Source: KubeProxyConfiguration v1alpha1. */
function kubeProxyConfiguration(
  { network }: Pick<Site, 'network'>,
  node: string,
  kubeconfig: string,
): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: node,
    clusterCIDR: network.podCIDR,
    clientConnection: { kubeconfig },
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    // The kernel's own values fit a box; setting them needs a writable /proc/sys and costs a start.
    conntrack: { maxPerCore: 0 },
  };
}

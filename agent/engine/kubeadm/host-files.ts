import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Site } from '../../../contract/site.ts';
import { writeAtomic } from '../../../host/files.ts';
import { nodePodNetwork } from './addresses.ts';
import { type KubeadmInput, kubeadmDocuments, kubeadmPatches } from './config.ts';
import { kubeProxyKubeconfig } from './kubeconfigs.ts';

/** Where the files lie that depend on the site or the bundle; all in memory, written anew at each boot. */
export interface HostFiles {
  kubeadm: string;
  /** For a node that joins. */
  join: string;
  patches: string;
  staticPods: string;
  resolvConf: string;
  /** `/etc/containerd/config.toml` imports it. */
  containerd: string;
  /** kube-proxy.service names it. */
  kubeProxy: string;
  cni: string;
}

/** @param run directory in memory. @param cniDirectory where containerd looks for the pods' network. */
export function hostFiles(run: string, cniDirectory: string): HostFiles {
  return {
    kubeadm: join(run, 'kubeadm.yaml'),
    join: join(run, 'kubeadm-join.yaml'),
    patches: join(run, 'kubeadm-patches'),
    staticPods: join(run, 'static-pods'),
    resolvConf: join(run, 'resolv.conf'),
    containerd: join(run, 'containerd.toml'),
    kubeProxy: join(run, 'kube-proxy.yaml'),
    cni: join(cniDirectory, '10-cpiab.conflist'),
  };
}

/** Writes them all. */
export async function writeHostFiles(files: HostFiles, input: KubeadmInput): Promise<void> {
  const { site, images, self } = input;
  const texts: Record<string, string> = {
    [files.kubeadm]: kubeadmDocuments(input)
      .map((document) => `---\n${stringify(document, { aliasDuplicateObjects: false })}`)
      .join(''),
    [files.resolvConf]: resolvConf(site),
    [files.containerd]: containerdConfig(images.pause),
    [files.kubeProxy]: stringify(kubeProxyConfiguration(site, self.name)),
    [files.cni]: `${JSON.stringify(podNetwork(site), null, 1)}\n`,
  };
  for (const [name, patch] of Object.entries(kubeadmPatches(self)))
    texts[join(files.patches, name)] = JSON.stringify(patch);
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(path), { recursive: true });
    await writeAtomic(path, text);
  }
  // kubelet looks again for one that was not there after 20 s only.
  await mkdir(files.staticPods, { recursive: true });
}

/**
 * CoreDNS refuses to start without a server to forward to. Nothing listens at this one, so names
 * outside the cluster fail at once.
 */
const resolvConf = ({ network }: Site) => `nameserver ${network.nodeAddress}\noptions timeout:1 attempts:1\n`;

/** The image that holds a pod's namespaces is the bundle's own. Source: containerd CRI configuration, version 4. */
const containerdConfig = (pause: string) => `version = 4

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${pause}'
`;

/** Source: KubeProxyConfiguration v1alpha1. */
function kubeProxyConfiguration({ network }: Site, node: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: node,
    clusterCIDR: network.podCIDR,
    clientConnection: { kubeconfig: kubeProxyKubeconfig },
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    // The kernel's own values fit a box; setting them needs a writable /proc/sys and costs a start.
    conntrack: { maxPerCore: 0 },
  };
}

/**
 * The pods' network: a bridge, addresses from this node's part, ports of the host where a pod asks
 * for them. Leases live as long as the pods, that is until the next boot. Source: CNI specification 1.0.0.
 */
function podNetwork({ network }: Site): object {
  return {
    cniVersion: '1.0.0',
    name: 'cpiab',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isDefaultGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni/networks',
          ranges: [[{ subnet: nodePodNetwork(network.podCIDR) }]],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

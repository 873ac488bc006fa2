import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import type { KubeAccess } from '../../kube/kubeconfig.ts';
import { kubeletCertificate, kubeletKubeconfig } from './kubeconfigs.ts';

const KubeletConfigSchema = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': z.base64() }) }))
    .length(1),
});

/** Whether this node has a certificate of the cluster, and the settings to use it: kubeadm has nothing left to do then. */
export function isMember(): boolean {
  return existsSync(kubeletKubeconfig) && existsSync(kubeletCertificate);
}

/** How kubelet reaches the API server: what it may see, this node's agent may too. Its certificate changes within a year. */
export async function kubeletAccess(): Promise<KubeAccess> {
  const { clusters } = KubeletConfigSchema.parse(parse(await readFile(kubeletKubeconfig, 'utf8')));
  const cluster = clusters[0]?.cluster;
  if (cluster === undefined) throw new Error(`${kubeletKubeconfig} has no cluster`);
  // Key and certificate, one after the other.
  const pair = await readFile(kubeletCertificate, 'utf8');
  return {
    server: new URL(cluster.server),
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64').toString('utf8'),
    certificate: pair,
    key: pair,
  };
}

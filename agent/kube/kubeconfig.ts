import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';

const base64 = z.string().transform((text) => Buffer.from(text, 'base64').toString('utf8'));

/** The part of a kubeconfig with embedded credentials that kubeadm writes. Source: client.config v1. */
const KubeconfigSchema = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': base64 }) }))
    .length(1),
  users: z
    .array(z.object({ user: z.object({ 'client-certificate-data': base64, 'client-key-data': base64 }) }))
    .length(1),
});

/** How to reach an API server, and who to be there. */
export interface KubeAccess {
  server: URL;
  /** PEM. */
  ca: string;
  certificate: string;
  key: string;
}

/** @throws Error when the file isn't a kubeconfig with one cluster and one user, both with embedded certificates. */
export async function readKubeconfig(path: string): Promise<KubeAccess> {
  const { clusters, users } = KubeconfigSchema.parse(parse(await readFile(path, 'utf8')));
  const [cluster] = clusters;
  const [user] = users;
  if (cluster === undefined || user === undefined) throw new Error(`${path} has no cluster or no user`);
  return {
    server: new URL(cluster.cluster.server),
    ca: cluster.cluster['certificate-authority-data'],
    certificate: user.user['client-certificate-data'],
    key: user.user['client-key-data'],
  };
}

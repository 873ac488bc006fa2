import { join } from 'node:path';
import { persisted } from '../../../contract/layout.ts';
import { run } from '../../../host/process.ts';
import type { Kubeadm } from './command.ts';
import type { HostFiles } from './host-files.ts';

const admin = join(persisted.kubernetes, 'admin.conf');

/** As much of a Secret as is looked at. */
interface Accounts {
  items: { metadata: { name: string; namespace: string } }[];
}

/**
 * Takes out of a cluster that was landed what leads to the box it was made on; the API server is up, by this box's
 * authorities. May be done again after a cut.
 * @param node this box's node; the others are machines of the sender.
 */
export async function adoptCluster(
  kubeadm: Kubeadm,
  { kubeadm: config }: Pick<HostFiles, 'kubeadm'>,
  node: string,
  signal: AbortSignal,
  kubeconfig: string = admin,
): Promise<void> {
  const kubectl = async (...args: string[]) =>
    (await run(['kubectl', '--kubeconfig', kubeconfig, ...args], { signal })).stdout;
  const system = ['--namespace', 'kube-system'];
  // The API server only ever adds to it, and aggregated API servers believe whoever has a certificate of what is there.
  // Source: k8s.io/kubernetes, pkg/controlplane/controller/clusterauthenticationtrust.
  await kubectl('delete', 'configmap', 'extension-apiserver-authentication', ...system, '--ignore-not-found');
  // What joining machines find the authority by.
  await kubeadm(['init', 'phase', 'bootstrap-token', '--config', config], () => {}, signal);
  await kubectl('delete', 'secrets', ...system, '--field-selector', 'type=bootstrap.kubernetes.io/token');
  await kubectl('delete', 'certificatesigningrequests', '--all');
  await kubectl('delete', 'nodes', '--field-selector', `metadata.name!=${node}`);
  await renewAccountSecrets(kubectl);
}

/** Tokens that Secrets hold were signed by the sender's key. The controller fills in what is missing. */
async function renewAccountSecrets(kubectl: (...args: string[]) => Promise<string>): Promise<void> {
  const type = 'type=kubernetes.io/service-account-token';
  const found = await kubectl(
    'get',
    'secrets',
    '--all-namespaces',
    '--field-selector',
    type,
    '--output',
    'json',
  );
  const patch = JSON.stringify({ data: { token: null, 'ca.crt': null } });
  for (const { metadata } of (JSON.parse(found) as Accounts).items)
    await kubectl('patch', 'secret', metadata.name, '--namespace', metadata.namespace, '--patch', patch);
}

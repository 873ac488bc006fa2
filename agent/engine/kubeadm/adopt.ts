import { join } from 'node:path';
import { parse } from 'yaml';
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
  await renewTrust(kubectl);
}

type Kubectl = (...args: string[]) => Promise<string>;

interface ClusterInfo {
  data: { kubeconfig: string };
}

interface Kubeconfig {
  clusters: { cluster: { 'certificate-authority-data': string } }[];
}

/** As much of a pod as is looked at. */
interface Pods {
  items: {
    metadata: { name: string; namespace: string; ownerReferences?: { kind: string; controller?: boolean }[] };
  }[];
}

const ROOT = 'kube-root-ca.crt';

/**
 * Pods trust the authority that they found when they started, and kubelet starts them as soon as the API server is up.
 * Those that somebody makes anew start again; one that stands alone would be gone, and stays.
 */
async function renewTrust(kubectl: Kubectl): Promise<void> {
  const json = ['--output', 'json'];
  const info = await kubectl('get', 'configmap', 'cluster-info', '--namespace', 'kube-public', ...json);
  const { clusters } = parse((JSON.parse(info) as ClusterInfo).data.kubeconfig) as Kubeconfig;
  const authority = Buffer.from(clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64');
  const patch = JSON.stringify({ data: { 'ca.crt': authority.toString() } });
  const named = ['--field-selector', `metadata.name=${ROOT}`];
  const roots = await kubectl('get', 'configmaps', '--all-namespaces', ...named, ...json);
  for (const { metadata } of (JSON.parse(roots) as Accounts).items)
    await kubectl('patch', 'configmap', ROOT, '--namespace', metadata.namespace, '--patch', patch);
  const pods = await kubectl('get', 'pods', '--all-namespaces', ...json);
  for (const { metadata } of (JSON.parse(pods) as Pods).items) {
    // A node owns the pods of its own files.
    const isRemade = metadata.ownerReferences?.some(({ kind, controller }) => controller && kind !== 'Node');
    if (!isRemade) continue;
    await kubectl(
      'delete',
      'pod',
      metadata.name,
      '--namespace',
      metadata.namespace,
      '--wait=false',
      '--ignore-not-found',
    );
  }
}

/** Tokens that Secrets hold were signed by the sender's key. The controller fills in what is missing. */
async function renewAccountSecrets(kubectl: Kubectl): Promise<void> {
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

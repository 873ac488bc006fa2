import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Machine } from './machine.ts';

const ADMIN = '/etc/kubernetes/admin.conf';

/** What kubelet tells of the etcd that a machine runs: kubeadm finds the members by it. @param by a server that runs already. */
export async function mirrorEtcd(
  { machine, name }: { machine: Machine; name: string },
  by: Machine,
): Promise<void> {
  const manifest = parse(await readFile(machine.path('etc', 'kubernetes', 'manifests', 'etcd.yaml'), 'utf8'));
  const pod = `${manifest.metadata.name}-${name}`;
  Object.assign(manifest.metadata, { name: pod });
  Object.assign(manifest.metadata.annotations, { 'kubernetes.io/config.mirror': 'mirror' });
  Object.assign(manifest.spec, { nodeName: name });
  const kubectl = ['kubectl', '--kubeconfig', ADMIN, '--namespace', 'kube-system'];
  // Of an earlier machine of that name: nobody is left who could end it.
  const gone = ['--force', '--grace-period', '0', '--ignore-not-found'];
  await by.run([...kubectl, 'delete', 'pod', pod, ...gone]);
  await by.run([...kubectl, 'create', '--filename', '-'], { input: JSON.stringify(manifest) });
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  const patch = ['--subresource', 'status', '--type', 'merge', '--patch', JSON.stringify({ status })];
  await by.run([...kubectl, 'patch', 'pod', pod, ...patch]);
}

/** etcd's client with the API server's certificate; the command follows. @param endpoints URLs, with commas. */
export function etcdctl(endpoints: string): string[] {
  const pki = '/etc/kubernetes/pki';
  const own = `${pki}/apiserver-etcd-client`;
  const tls = ['--cacert', `${pki}/etcd/ca.crt`, '--cert', `${own}.crt`, '--key', `${own}.key`];
  return ['etcdctl', '--endpoints', endpoints, ...tls];
}

/**
 * Keys of k3s's `config.yaml` and what each takes, as docs.k3s.io lists the flags of `k3s server` and
 * `k3s agent` ("k3s server", "k3s agent", line 1.36). `npm run test:k3s` compares it with a real one's help.
 */
export type KeyType = 'text' | 'texts' | 'switch' | 'number';

const node = {
  'data-dir': 'text',
  'disable-default-registry-endpoint': 'switch',
  'flannel-iface': 'text',
  'kubelet-arg': 'texts',
  'lb-server-port': 'number',
  'node-external-ip': 'texts',
  'node-ip': 'text',
  'node-label': 'texts',
  'node-name': 'text',
  'node-taint': 'texts',
  'pause-image': 'text',
  'private-registry': 'text',
  'protect-kernel-defaults': 'switch',
  'resolv-conf': 'text',
  server: 'text',
  snapshotter: 'text',
  token: 'text',
  'token-file': 'text',
} as const satisfies Record<string, KeyType>;

export const k3sKeys: Record<'server' | 'agent', Readonly<Record<string, KeyType>>> = {
  agent: node,
  server: {
    ...node,
    'advertise-address': 'text',
    'agent-token': 'text',
    'agent-token-file': 'text',
    'cluster-cidr': 'text',
    'cluster-dns': 'text',
    'cluster-domain': 'text',
    'cluster-init': 'switch',
    'cluster-reset': 'switch',
    'cluster-reset-restore-path': 'text',
    disable: 'texts',
    'disable-network-policy': 'switch',
    'etcd-arg': 'texts',
    'etcd-disable-snapshots': 'switch',
    'etcd-snapshot-dir': 'text',
    'flannel-backend': 'text',
    'secrets-encryption': 'switch',
    'service-cidr': 'text',
    'tls-san': 'texts',
    'write-kubeconfig': 'text',
    'write-kubeconfig-mode': 'text',
  },
};

/** Flags of the commands that the agent runs. Source: docs.k3s.io, "k3s etcd-snapshot", "k3s token". */
export const k3sCommands: Readonly<Record<string, readonly string[]>> = {
  'etcd-snapshot save': ['--name', '--etcd-snapshot-dir', '--etcd-snapshot-compress', '--s3'],
  'token create': ['--ttl', '--usages', '--description', '--groups', '--kubeconfig'],
  server: ['--cluster-reset', '--cluster-reset-restore-path'],
};

/** Packaged components that can be disabled. Source: docs.k3s.io, "Managing packaged components". */
export const k3sComponents = [
  'coredns',
  'servicelb',
  'traefik',
  'local-storage',
  'metrics-server',
  'runtimes',
];

import type { NodeRole } from '../../../contract/join-material.ts';

/** Where k3s has what. Source: docs.k3s.io, "Configuration", "Private registry", "Tokens", "Certificates". */
export const k3s = {
  program: '/usr/local/bin/k3s',
  config: '/etc/rancher/k3s/config.yaml',
  registries: '/etc/rancher/k3s/registries.yaml',
  kubeconfig: '/etc/rancher/k3s/k3s.yaml',
  data: '/var/lib/rancher/k3s',
  /** The servers' token: with it k3s encrypts the authorities' keys that it keeps in the store. */
  token: '/var/lib/rancher/k3s/server/token',
  tls: '/var/lib/rancher/k3s/server/tls',
  /** PEM; its hash is in every token. */
  authority: '/var/lib/rancher/k3s/server/tls/server-ca.crt',
  etcd: '/var/lib/rancher/k3s/server/db/etcd',
} as const;

/** Ours: secrets that k3s is told by file, and what a restore that was cut off goes on with. */
export const ours = {
  agentToken: '/var/lib/rancher/cpiab/agent-token',
  resolvConf: '/var/lib/rancher/cpiab/resolv.conf',
  restore: '/var/lib/rancher/cpiab/restore.db',
} as const;

export const k3sUnits = { server: 'k3s.service', agent: 'k3s-agent.service' } as const;
export type K3sRole = keyof typeof k3sUnits;
export const k3sRole = (role: NodeRole): K3sRole => (role === 'agent' ? 'agent' : 'server');
/** systemd looks here before /usr/lib; it is memory, so a unit never outlives what it is for. */
export const unitFile = (unit: string) => `/run/systemd/system/${unit}`;

import type { JoinMaterial, NodeRole } from '../../../contract/join-material.ts';
import { ports } from '../../../contract/layout.ts';
import type { Site } from '../../../contract/site.ts';
import type { Self } from '../engine.ts';
import { ours } from './layout.ts';

/** Content of `config.yaml`: the flags of `k3s server` or `k3s agent` without their dashes. */
export type K3sConfig = Record<string, string | number | boolean | string[]>;

/** What every node is told. Source: docs.k3s.io, "k3s agent" and "k3s server". */
function nodeConfig({ name, address }: Self): K3sConfig {
  return {
    'node-name': name,
    'node-ip': address,
    // Nothing is asked for outside of the mirrors below.
    'disable-default-registry-endpoint': true,
    'protect-kernel-defaults': true,
    'resolv-conf': ours.resolvConf,
  };
}

/**
 * A server's configuration. The store is etcd also on one server: SQLite has no snapshots while it runs and
 * takes in no second server, and k3s changes from one to the other by a migration only.
 */
function serverConfig(network: Site['network'], self: Self): K3sConfig {
  return {
    ...nodeConfig(self),
    'advertise-address': self.address,
    'tls-san': [self.address, self.name],
    'flannel-backend': network.podNetwork === 'wireguard' ? 'wireguard-native' : 'vxlan',
    'cluster-cidr': network.podCIDR,
    'service-cidr': network.serviceCIDR,
    'cluster-dns': clusterDns(network.serviceCIDR),
    // Git brings its own.
    disable: ['traefik', 'servicelb'],
    'secrets-encryption': true,
    'write-kubeconfig-mode': '0600',
    // The agent takes them itself.
    'etcd-disable-snapshots': true,
    // With it nodes join that run pods: it does not open what the servers' token encrypts.
    'agent-token-file': ours.agentToken,
  };
}

/** The first server's. */
export function firstServer(network: Site['network'], self: Self): K3sConfig {
  return { ...serverConfig(network, self), 'cluster-init': true };
}

/** A joining node's. @param material holds the token: the file is root's alone. */
export function joiningNode(network: Site['network'], self: Self, material: JoinMaterial): K3sConfig {
  const own: { [Role in NodeRole]: () => K3sConfig } = {
    'control-plane': () => serverConfig(network, self),
    agent: () => nodeConfig(self),
  };
  const server = `https://${material.servers[0]}:${ports.kubernetes}`;
  return { ...own[material.role](), server, token: material.token };
}

/**
 * Content of `registries.yaml`: every registry that the bundle has images of is the box's own, where an
 * image lies below its full name; so is any other, where there is none. Source: docs.k3s.io, "Private registry".
 */
export function registries(images: readonly string[]): object {
  const hosts = [...new Set(images.map((name) => name.split('/')[0] ?? ''))].toSorted();
  const endpoint = [`http://127.0.0.1:${ports.registry}`];
  const named = hosts.map((host) => [host, { endpoint, rewrite: { '^(.*)$': `${host}/$1` } }]);
  return { mirrors: { ...Object.fromEntries(named), '*': { endpoint } } };
}

/** The tenth address of the services' network, which k3s and kubeadm both give to the cluster's DNS. */
function clusterDns(serviceCIDR: string): string {
  const octets = (serviceCIDR.split('/')[0] ?? '').split('.').map(Number);
  const tenth = octets.reduce((sum, octet) => sum * 256 + octet, 0) + 10;
  return [24, 16, 8, 0].map((shift) => Math.floor(tenth / 2 ** shift) % 256).join('.');
}

import { ports } from '../../../contract/layout.ts';
import type { Self } from '../engine.ts';

/**
 * The name by which every node knows the API server, and which kubeadm writes into every kubeconfig. A
 * server finds itself behind it, an agent a balancer of its own over all servers: docs/adr/0009.
 */
export const endpointName = 'kubernetes.cpiab.internal';
export const endpoint = `${endpointName}:${ports.kubernetes}`;

/** The text of `/etc/hosts`, with the endpoint at an address. Source: hosts(5). */
export function hostsText(
  { name, address }: Pick<Self, 'name' | 'address'>,
  endpointAddress: string,
): string {
  return [
    '127.0.0.1 localhost',
    '::1 localhost',
    `${address} ${name}`,
    `${endpointAddress} ${endpointName}`,
    '',
  ].join('\n');
}

/**
 * Configuration of HAProxy on an agent: connections go to servers whose API server says that it is ready,
 * which it is not without its store. Those of one that no longer is are ended, so that clients come back
 * at once instead of after their own time-outs. TLS passes through. Source: HAProxy configuration manual, 4.2.
 */
export function balancerConfig(servers: readonly string[], listen = '127.0.0.1'): string {
  const { kubernetes } = ports;
  return `global
  maxconn 4096

defaults
  mode tcp
  timeout connect 2s
  timeout check 2s
  # Watches are silent for long.
  timeout client 1h
  timeout server 1h
  option clitcpka
  option srvtcpka
  option redispatch
  retries 3

frontend kubernetes
  bind ${listen}:${kubernetes}
  default_backend servers

backend servers
  balance leastconn
  option httpchk GET /readyz
  http-check expect status 200
  # The certificate is the clients' to check.
  default-server check check-ssl verify none inter 1s fall 2 rise 2 on-marked-down shutdown-sessions
${servers.map((address, index) => `  server server-${index + 1} ${address}:${kubernetes}\n`).join('')}`;
}

/** Who is in the tests of the pods' network. */

export const nodes = {
  'node-a': { address: '192.0.2.1', podCIDR: '10.42.0.0/24', gateway: '10.42.0.1', gateway6: 'fd42::1' },
  'node-b': {
    address: '192.0.2.2',
    podCIDR: '10.42.1.0/24',
    gateway: '10.42.1.1',
    gateway6: 'fd42:0:0:1::1',
  },
} as const;
export type NodeName = keyof typeof nodes;
export const nodeNames = Object.keys(nodes) as NodeName[];

interface PodRole {
  namespace: 'team' | 'other';
  node: NodeName;
  address: string;
  address6: string;
  labels: Record<string, string>;
  ports: { name: string; containerPort: number; protocol: string }[];
}
const web = (containerPort: number) => [{ name: 'web', containerPort, protocol: 'TCP' }];

/** The same application calls itself `client` in both namespaces. */
export const pods = {
  server: {
    ...{ namespace: 'team', node: 'node-a', address: '10.42.0.10', address6: 'fd42::10' },
    ...{ labels: { app: 'server', tier: 'back' }, ports: web(80) },
  },
  client: {
    ...{ namespace: 'team', node: 'node-a', address: '10.42.0.11', address6: 'fd42::11' },
    ...{ labels: { app: 'client', tier: 'front' }, ports: web(8080) },
  },
  guest: {
    ...{ namespace: 'other', node: 'node-a', address: '10.42.0.12', address6: 'fd42::12' },
    ...{ labels: { app: 'client' }, ports: web(80) },
  },
  stranger: {
    ...{ namespace: 'other', node: 'node-a', address: '10.42.0.13', address6: 'fd42::13' },
    ...{ labels: { app: 'stranger' }, ports: [] },
  },
  remote: {
    ...{ namespace: 'team', node: 'node-b', address: '10.42.1.10', address6: 'fd42:0:0:1::10' },
    ...{ labels: { app: 'client', tier: 'far' }, ports: web(9000) },
  },
} as const satisfies Record<string, PodRole>;
export type PodName = keyof typeof pods;
export const podNames = Object.keys(pods) as PodName[];

export const cast = ['lan', 'outside', ...nodeNames, ...podNames] as const;
export type CastName = (typeof cast)[number];

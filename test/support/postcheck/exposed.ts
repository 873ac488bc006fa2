import { networkInterfaces } from 'node:os';
import type { KubeApi } from '../svid/kube-api.ts';
import { ran } from './objects.ts';

/** The API server hands on to no address of loopback: one that this machine has besides. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const address = all.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  if (address === undefined) throw new Error('this machine has no address but that of loopback');
  return address;
}

interface Service {
  namespace: string;
  service: string;
  port: number;
  /** Of the port. */
  name?: string;
}

/** Makes a Service whose only pod answers at a port of this machine. */
export async function expose(
  kube: KubeApi,
  { namespace, service, port, name = 'http' }: Service,
  at: number,
): Promise<void> {
  const below = `/api/v1/namespaces/${namespace}`;
  const metadata = { name: service, namespace };
  const ip = ownAddress();
  await kube.client.apply(below, {
    ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  });
  await kube.client.apply(`${below}/services/${service}`, {
    ...{ apiVersion: 'v1', kind: 'Service', metadata },
    spec: { ports: [{ name, port }] },
  });
  const pod = await kube.pod(namespace, 'default', service);
  const podIPs = [{ ip }];
  await kube.client.patchStatus(`${below}/pods/${pod.name}`, { ...ran.other, podIP: ip, podIPs });
  const targetRef = { kind: 'Pod', name: pod.name, namespace };
  await kube.client.apply(`${below}/endpoints/${service}`, {
    ...{ apiVersion: 'v1', kind: 'Endpoints', metadata },
    subsets: [{ addresses: [{ ip, targetRef }], ports: [{ name, port: at }] }],
  });
}

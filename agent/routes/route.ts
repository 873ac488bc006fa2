import type { KubeClient } from '../kube/client.ts';

/** As much of an Ingress as is looked at. Source: networking.k8s.io/v1. */
export interface Ingress {
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: {
    ingressClassName?: string;
    tls?: { hosts?: string[]; secretName?: string }[];
    rules?: { host?: string; http?: { paths: { path?: string }[] } }[];
  };
}

const NETWORKING = '/apis/networking.k8s.io/v1';

/**
 * Ingresses whose class is there: a site may run an app without anything that serves its route.
 * @param query that narrows them, such as `?labelSelector=…`, or empty.
 */
export async function servedIngresses(
  kube: Pick<KubeClient, 'get'>,
  query: string,
  signal: AbortSignal,
): Promise<Ingress[]> {
  const { items } = await kube.get<{ items: Ingress[] }>(`${NETWORKING}/ingresses${query}`, signal);
  if (items.length === 0) return [];
  const classes = await kube.get<{ items: { metadata: { name: string } }[] }>(
    `${NETWORKING}/ingressclasses`,
    signal,
  );
  const served = new Set(classes.items.map(({ metadata: { name } }) => name));
  return items.filter(({ spec }) => served.has(spec.ingressClassName ?? ''));
}

/** Hosts that one Secret is to have a certificate for. */
export interface Route {
  /** As people are told. */
  ingress: string;
  namespace: string;
  secret: string;
  hosts: readonly string[];
  /** Source: Kubernetes, "Owners and Dependents". */
  owner: { apiVersion: string; kind: string; name: string; uid: string };
}

/** What an Ingress asks for. An entry without a Secret or a host asks for nothing. */
export function routesOf({ metadata: { name, namespace, uid }, spec: { tls = [] } }: Ingress): Route[] {
  const owner = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name, uid };
  const ingress = `Ingress ${namespace}/${name}`;
  return tls.flatMap(({ hosts = [], secretName: secret = '' }) =>
    secret === '' || hosts.length === 0 ? [] : [{ ingress, namespace, secret, hosts, owner }],
  );
}

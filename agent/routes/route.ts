/** As much of an Ingress as is looked at. Source: networking.k8s.io/v1. */
export interface Ingress {
  metadata: { name: string; namespace: string; uid: string };
  spec: { ingressClassName?: string; tls?: { hosts?: string[]; secretName?: string }[] };
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

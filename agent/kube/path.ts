import type { KubeObject } from './client.ts';

/** Kinds that Flux's own folder may hold: API group and version → kind → resource, and whether it is namespaced. */
const resources: Record<string, Record<string, { plural: string; namespaced: boolean }>> = {
  v1: {
    Namespace: { plural: 'namespaces', namespaced: false },
    ServiceAccount: { plural: 'serviceaccounts', namespaced: true },
    ConfigMap: { plural: 'configmaps', namespaced: true },
    Service: { plural: 'services', namespaced: true },
    ResourceQuota: { plural: 'resourcequotas', namespaced: true },
    LimitRange: { plural: 'limitranges', namespaced: true },
  },
  'apps/v1': { Deployment: { plural: 'deployments', namespaced: true } },
  'networking.k8s.io/v1': { NetworkPolicy: { plural: 'networkpolicies', namespaced: true } },
  'policy/v1': { PodDisruptionBudget: { plural: 'poddisruptionbudgets', namespaced: true } },
  'scheduling.k8s.io/v1': { PriorityClass: { plural: 'priorityclasses', namespaced: false } },
  'apiextensions.k8s.io/v1': {
    CustomResourceDefinition: { plural: 'customresourcedefinitions', namespaced: false },
  },
  'rbac.authorization.k8s.io/v1': {
    ClusterRole: { plural: 'clusterroles', namespaced: false },
    ClusterRoleBinding: { plural: 'clusterrolebindings', namespaced: false },
    Role: { plural: 'roles', namespaced: true },
    RoleBinding: { plural: 'rolebindings', namespaced: true },
  },
  'source.toolkit.fluxcd.io/v1': { ExternalArtifact: { plural: 'externalartifacts', namespaced: true } },
  'kustomize.toolkit.fluxcd.io/v1': { Kustomization: { plural: 'kustomizations', namespaced: true } },
};

/**
 * Where an object lies in the API. The agent knows its few kinds: asking the server for all costs seconds.
 * @throws Error for another kind, or a namespaced one without a namespace.
 */
export function objectPath({
  apiVersion,
  kind,
  metadata,
}: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>): string {
  const resource = resources[apiVersion]?.[kind];
  if (resource === undefined) throw new Error(`the box cannot apply ${kind} of ${apiVersion} itself`);
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  if (!resource.namespaced) return `${root}/${resource.plural}/${metadata.name}`;
  if (metadata.namespace === undefined) throw new Error(`${kind} ${metadata.name} has no namespace`);
  return `${root}/namespaces/${metadata.namespace}/${resource.plural}/${metadata.name}`;
}

/** `Kind/namespace/name`, as people are told. */
export function objectName({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>): string {
  return [kind, metadata.namespace, metadata.name].filter((part) => part !== undefined).join('/');
}

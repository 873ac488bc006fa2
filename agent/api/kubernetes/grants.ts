import { roleGroup } from '../../../contract/kubernetes.ts';
import type { OperatorRole } from '../../../contract/operator.ts';
import type { KubeClient, KubeObject } from '../../kube/client.ts';
import { objectPath } from '../../kube/path.ts';

const rbac = 'rbac.authorization.k8s.io';
const LOOKER = 'cpiab:cluster-viewer';

/** Kubernetes' own roles for people. Source: Kubernetes, "Using RBAC Authorization", user-facing roles. */
const clusterRoles: Record<OperatorRole, string> = {
  viewer: 'view',
  operator: 'edit',
  admin: 'cluster-admin',
};

const binding = (name: string, role: string, groups: readonly OperatorRole[]): KubeObject => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
  subjects: groups.map((role) => ({ apiGroup: rbac, kind: 'Group', name: roleGroup(role) })),
});

const LOOKS = ['get', 'list', 'watch'];

/** `view` and `edit` leave out what is in no namespace, and what Flux keeps. */
const looker: KubeObject = {
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRole',
  metadata: { name: LOOKER },
  rules: [
    { apiGroups: [''], resources: ['nodes', 'namespaces', 'persistentvolumes'], verbs: LOOKS },
    { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: LOOKS },
    { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: LOOKS },
    { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: LOOKS },
    { apiGroups: ['kustomize.toolkit.fluxcd.io'], resources: ['kustomizations'], verbs: LOOKS },
    { apiGroups: ['source.toolkit.fluxcd.io'], resources: ['externalartifacts'], verbs: LOOKS },
  ],
};

const grants: readonly KubeObject[] = [
  looker,
  binding(LOOKER, LOOKER, ['viewer', 'operator']),
  ...Object.entries(clusterRoles).map(([role, name]) =>
    binding(roleGroup(role as OperatorRole), name, [role as OperatorRole]),
  ),
];

/** Gives each role of operators what it may do in the cluster. */
export async function grantOperators(kube: Pick<KubeClient, 'apply'>): Promise<void> {
  for (const object of grants) await kube.apply(objectPath(object), object);
}

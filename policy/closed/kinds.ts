import type { Extractor } from './extract/extractor.ts';
import { imageFields } from './extract/fields.ts';
import { podSpecAt } from './extract/pods.ts';

/** Says that objects of these kinds have no field for images. Their texts are looked at all the same. */
const none: Extractor = () => [];
const all = (extractor: Extractor, ...kinds: string[]) => kinds.map((kind) => [kind, extractor] as const);

/**
 * How each kind can name images. A kind that isn't here fails the build: nobody has looked at it.
 * Source: Kubernetes API reference v1.36; the API references of the projects named by the groups.
 */
export const kinds: ReadonlyMap<string, Extractor> = new Map([
  ['Pod', podSpecAt('spec')],
  ['PodTemplate', podSpecAt('template', 'spec')],
  ['batch/CronJob', podSpecAt('spec', 'jobTemplate', 'spec', 'template', 'spec')],
  ...all(
    podSpecAt('spec', 'template', 'spec'),
    ...[
      'ReplicationController',
      'apps/DaemonSet',
      'apps/Deployment',
      'apps/ReplicaSet',
      'apps/StatefulSet',
      'batch/Job',
    ],
  ),
  ...all(
    none,
    ...['ConfigMap', 'LimitRange', 'Namespace', 'PersistentVolume', 'PersistentVolumeClaim', 'ResourceQuota'],
    ...['Secret', 'Service', 'ServiceAccount', 'Endpoints'],
    ...[
      'admissionregistration.k8s.io/MutatingWebhookConfiguration',
      'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
    ],
    ...[
      'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
      'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
    ],
    ...['apiextensions.k8s.io/CustomResourceDefinition', 'apiregistration.k8s.io/APIService'],
    ...['autoscaling/HorizontalPodAutoscaler', 'coordination.k8s.io/Lease', 'discovery.k8s.io/EndpointSlice'],
    ...['networking.k8s.io/Ingress', 'networking.k8s.io/IngressClass', 'networking.k8s.io/NetworkPolicy'],
    ...['node.k8s.io/RuntimeClass', 'policy/PodDisruptionBudget', 'scheduling.k8s.io/PriorityClass'],
    ...['rbac.authorization.k8s.io/ClusterRole', 'rbac.authorization.k8s.io/ClusterRoleBinding'],
    ...['rbac.authorization.k8s.io/Role', 'rbac.authorization.k8s.io/RoleBinding'],
    ...['storage.k8s.io/CSIDriver', 'storage.k8s.io/StorageClass', 'storage.k8s.io/VolumeAttributesClass'],
    ...[
      'gateway.networking.k8s.io/Gateway',
      'gateway.networking.k8s.io/GatewayClass',
      'gateway.networking.k8s.io/HTTPRoute',
    ],
    'kustomize.toolkit.fluxcd.io/Kustomization',
    ...[
      'source.toolkit.fluxcd.io/GitRepository',
      'source.toolkit.fluxcd.io/HelmChart',
      'source.toolkit.fluxcd.io/HelmRepository',
      'source.toolkit.fluxcd.io/OCIRepository',
    ],
    ...['cert-manager.io/Certificate', 'cert-manager.io/ClusterIssuer', 'cert-manager.io/Issuer'],
    ...[
      'traefik.io/IngressRoute',
      'traefik.io/IngressRouteTCP',
      'traefik.io/Middleware',
      'traefik.io/TLSOption',
      'traefik.io/TLSStore',
    ],
    ...[
      'monitoring.coreos.com/PodMonitor',
      'monitoring.coreos.com/Probe',
      'monitoring.coreos.com/PrometheusRule',
    ],
    ...[
      'monitoring.coreos.com/ServiceMonitor',
      'monitoring.coreos.com/AlertmanagerConfig',
      'monitoring.coreos.com/ScrapeConfig',
    ],
  ),
  ...all(
    imageFields,
    ...[
      'monitoring.coreos.com/Alertmanager',
      'monitoring.coreos.com/Prometheus',
      'monitoring.coreos.com/PrometheusAgent',
    ],
    ...['monitoring.coreos.com/ThanosRuler', 'grafana.integreatly.org/Grafana', 'postgresql.cnpg.io/Cluster'],
    ...[
      'tailscale.com/ProxyClass',
      'tailscale.com/Connector',
      'helm.toolkit.fluxcd.io/HelmRelease',
      'helm.cattle.io/HelmChart',
    ],
  ),
]);

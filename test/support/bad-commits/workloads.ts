import { add, app, type BadCommit, change, deployment, edit, kustomization, metadata } from './bad-commit.ts';

/** Commits that break rules of policy/table/workloads.ts. */
export const badWorkloadsCommits: BadCommit[] = [
  [
    'a privileged container',
    'privileged',
    `${deployment}:43`,
    change(deployment, '            readOnlyRoot', '            privileged: true\n            readOnlyRoot'),
  ],
  [
    'a container that gains privileges',
    'privilege-escalation',
    `${deployment}:42`,
    change(deployment, 'Escalation: false', 'Escalation: true'),
  ],
  [
    'a capability that leads to the node',
    'capabilities',
    `${deployment}:46`,
    change(
      deployment,
      '              drop: [ALL]\n',
      '              drop: [ALL]\n              add: [SYS_ADMIN]\n',
    ),
  ],
  [
    'a container as root',
    'non-root',
    `${deployment}:42`,
    change(deployment, 'runAsNonRoot: true', 'runAsNonRoot: false'),
  ],
  [
    'a container that writes to its image',
    'read-only-root',
    `${deployment}:43`,
    change(deployment, 'Filesystem: true', 'Filesystem: false'),
  ],
  [
    'a folder of the node',
    'host-path',
    `${deployment}:94`,
    edit(deployment, (text) => `${text}        - name: node\n          hostPath: { path: / }\n`),
  ],
  [
    "the node's network",
    'host-namespace',
    `${deployment}:21`,
    change(deployment, '      automount', '      hostNetwork: true\n      automount'),
  ],
  [
    'no limit of memory',
    'resources',
    `${deployment}:81`,
    change(deployment, '            limits: { memory: 512Mi }\n', ''),
  ],
  [
    'no probes',
    'probes',
    `${deployment}:50`,
    edit(deployment, (text) =>
      text.replace(/ {10}readinessProbe[\s\S]*?(?= {10}resources:\n {12}requests: \{ cpu: 20m)/, ''),
    ),
  ],
  [
    'a pull at each start',
    'image-policy',
    `${deployment}:52`,
    edit(deployment, (text) => text.replaceAll('IfNotPresent', 'Always')),
  ],
  [
    'a role with wildcards',
    'rbac-wildcard',
    `${app}/bad.yaml:9`,
    add({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['*'], verbs: ['get'] }],
    }),
  ],
  [
    'no default-deny',
    'network-policy',
    `${app}/namespace.yaml:4`,
    edit(`${app}/network-policy.yaml`, (text) =>
      text
        .replace('name: default-deny', 'name: some')
        .replace('policyTypes: [Ingress, Egress]', 'policyTypes: [Ingress]'),
    ),
  ],
  [
    'a namespace that admits privileged pods',
    'pod-security',
    `${app}/namespace.yaml:6`,
    change(`${app}/namespace.yaml`, 'restricted', 'privileged'),
  ],
  [
    'a namespace that admits all pods',
    'pod-security',
    `${app}/namespace.yaml:4`,
    edit(`${app}/namespace.yaml`, (text) => text.replace(/ {2}labels:\n.*\n/, '')),
  ],
  [
    'an image that the bundle lacks',
    'image-missing',
    `${deployment}:51`,
    change(deployment, 'syncthing:1.29.5', 'syncthing:1.30.0'),
  ],
  [
    'an image that kustomize puts in',
    'image-missing',
    `${deployment}:35`,
    edit(kustomization, (text) => `${text}images:\n  - name: cpiab.dev/oci/busybox\n    newTag: 2.0.0\n`),
  ],
  [
    'an image in a patch',
    'image-missing',
    `${kustomization}:20`,
    edit(
      kustomization,
      (text) =>
        `${text}patches:\n  - patch: |-\n      - op: replace\n        path: /spec/template/spec/containers/0/image\n        value: quay.io/team/other:1\n    target: { kind: Deployment }\n`,
    ),
  ],
  [
    'an image without a version',
    'image-version',
    `${deployment}:51`,
    change(deployment, 'syncthing:1.29.5', 'syncthing:latest'),
  ],
  [
    'a kind that nobody looked at',
    'kind-unknown',
    `${app}/bad.yaml:1`,
    add({ apiVersion: 'example.com/v1', kind: 'Widget', metadata }),
  ],
  [
    'an address outside',
    'address-outside',
    `${app}/bad.yaml:7`,
    add({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { url: 'https://telemetry.vendor.io/v1' } }),
  ],
  [
    'a chart that the bundle lacks',
    'source-missing',
    `${app}/bad.yaml:7`,
    add({
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'OCIRepository',
      metadata,
      spec: { url: 'oci://ghcr.io/team/charts/web', ref: { tag: '1.0.0' } },
    }),
  ],
];

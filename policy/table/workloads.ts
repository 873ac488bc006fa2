import type { Rule } from './rule.ts';

const IN_BUNDLE =
  'add it to a bundle set and bring the box a bundle that has it, or use what the bundle has (`./cpiab inspect`)';

/** Rules about what runs, and what it needs. */
export const workloadsRules = {
  privileged: {
    group: 'pods',
    refuses: 'a privileged container',
    fix: 'delete `privileged`, and add the one capability that it needs',
    exception: true,
  },
  'privilege-escalation': {
    group: 'pods',
    refuses: 'a container that may gain privileges',
    fix: 'set `securityContext.allowPrivilegeEscalation: false`',
    exception: true,
  },
  capabilities: {
    group: 'pods',
    refuses: 'a container that keeps its capabilities, or adds one that leads to the node',
    fix: 'set `securityContext.capabilities.drop: [ALL]`, and add only what it needs',
    exception: true,
  },
  'non-root': {
    group: 'pods',
    refuses: 'a container that may run as root',
    fix: 'set `securityContext.runAsNonRoot: true` and a `runAsUser`',
    exception: true,
  },
  'read-only-root': {
    group: 'pods',
    refuses: 'a container that can write to its image',
    fix: 'set `securityContext.readOnlyRootFilesystem: true`, and mount an emptyDir where it writes',
    exception: true,
  },
  'host-path': {
    group: 'pods',
    refuses: "a volume of the node's file system",
    fix: 'use a claim of a storage class, or an emptyDir',
    exception: true,
  },
  'host-namespace': {
    group: 'pods',
    refuses: "the node's network, processes, IPC or ports",
    fix: 'delete `hostNetwork`, `hostPID`, `hostIPC` and `hostPort`, and use a Service',
    exception: true,
  },
  resources: {
    group: 'pods',
    refuses: 'a container without requests for processor and memory, or without a limit of memory',
    fix: 'set `resources.requests.cpu`, `resources.requests.memory` and `resources.limits.memory`',
    exception: true,
  },
  probes: {
    group: 'pods',
    refuses: 'a container of a Deployment, StatefulSet or DaemonSet without a readiness or liveness probe',
    fix: 'set `readinessProbe` or `livenessProbe`: else a wait for it ends too early',
    exception: true,
  },
  'image-policy': {
    group: 'pods',
    refuses: '`imagePullPolicy: Always`',
    fix: 'set `imagePullPolicy: IfNotPresent`: there is nothing newer to pull than the bundle',
    exception: true,
  },
  'rbac-wildcard': {
    group: 'pods',
    refuses: 'a role with wildcards, or a binding to `cluster-admin`',
    fix: 'list the groups, resources and verbs that it needs',
    exception: true,
  },
  'network-policy': {
    group: 'pods',
    refuses: 'a namespace without a NetworkPolicy `default-deny`',
    fix: 'add one with `podSelector: {}` and both policy types, and beside it what the app needs',
    exception: true,
  },
  'pod-security': {
    group: 'pods',
    refuses: 'a namespace that admits other pods than restricted ones',
    fix: 'set the label `pod-security.kubernetes.io/enforce: restricted` on the Namespace',
    exception: true,
  },
  'image-missing': {
    group: 'closed',
    refuses: 'an image that the bundle of the box lacks',
    fix: IN_BUNDLE,
  },
  'image-version': {
    group: 'closed',
    refuses: 'an image without a version, or with `latest`',
    fix: 'give it the tag that the bundle has',
  },
  'kind-unknown': {
    group: 'closed',
    refuses: 'a kind of object that nobody has looked at for images',
    fix: 'use another kind, or a version of CPiaB that knows it (`policy/closed/kinds.ts`)',
  },
  'address-outside': {
    group: 'closed',
    refuses: 'an address outside of the box and its network',
    fix: 'serve it in the box, or say `internet: optional` in the app.yaml of what works without it',
  },
  'source-missing': {
    group: 'closed',
    refuses: 'a Helm chart or Git repository that the bundle of the box lacks',
    fix: IN_BUNDLE,
  },
} as const satisfies Record<string, Rule>;

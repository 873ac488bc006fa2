import { isRecord } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import type { RuleName } from '../rules.ts';
import type { Check } from './context.ts';
import { type Container, containersOf, inner, type Part, podSpecs } from './pod-specs.ts';

/** What a container must not be given. Others are in what container runtimes give by default. */
const REACHES_NODE = new Set(
  [
    'ALL',
    'SYS_ADMIN',
    'SYS_MODULE',
    'SYS_PTRACE',
    'SYS_RAWIO',
    'SYS_BOOT',
    'SYS_TIME',
    'NET_ADMIN',
    'NET_RAW',
  ].concat([
    'BPF',
    'PERFMON',
    'MAC_ADMIN',
    'MAC_OVERRIDE',
    'SYSLOG',
    'DAC_READ_SEARCH',
    'MKNOD',
    'AUDIT_CONTROL',
  ]),
);
const LONG_RUNNING = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet']);

/** Tells what is wrong with a container, and where; null when nothing is. */
type ContainerRule = (container: Container) => { path: string[]; what: string } | null;

/** Rules that also a patch can break: what it says is there. */
const saidRules: Partial<Record<RuleName, ContainerRule>> = {
  privileged: ({ content }) =>
    security(content)['privileged'] === true ? wrong('is privileged', 'securityContext', 'privileged') : null,
  capabilities: ({ content }) => {
    const { add } = inner(content, 'securityContext', 'capabilities');
    const bad = listOf(add).filter((name) => REACHES_NODE.has(String(name).replace(/^CAP_/, '')));
    return bad.length === 0
      ? null
      : wrong(`adds ${bad.join(', ')}`, 'securityContext', 'capabilities', 'add');
  },
  'image-policy': ({ content }) =>
    content['imagePullPolicy'] === 'Always'
      ? wrong('pulls its image at each start', 'imagePullPolicy')
      : null,
};

/** Rules about what a container must have. */
const neededRules: Partial<Record<RuleName, ContainerRule>> = {
  'privilege-escalation': ({ content }) =>
    security(content)['allowPrivilegeEscalation'] === false
      ? null
      : wrong('may gain privileges', 'securityContext', 'allowPrivilegeEscalation'),
  capabilities: ({ content }) =>
    listOf(inner(content, 'securityContext', 'capabilities')['drop']).includes('ALL')
      ? null
      : wrong('keeps capabilities', 'securityContext', 'capabilities'),
  'read-only-root': ({ content }) =>
    security(content)['readOnlyRootFilesystem'] === true
      ? null
      : wrong('can write to its image', 'securityContext', 'readOnlyRootFilesystem'),
  'non-root': ({ content, pod }) => {
    const merged = { ...security(pod.content), ...security(content) };
    const safe = merged['runAsNonRoot'] === true && merged['runAsUser'] !== 0;
    return safe ? null : wrong('may run as root', 'securityContext', 'runAsNonRoot');
  },
  resources: ({ content }) => {
    const lacks = [
      ['requests', 'cpu'],
      ['requests', 'memory'],
      ['limits', 'memory'],
    ].filter(([kind = '', what = '']) => inner(content, 'resources', kind)[what] === undefined);
    return lacks.length === 0
      ? null
      : wrong(`has no ${lacks.map((path) => path.join('.')).join(', ')}`, 'resources');
  },
  probes: ({ content, kind, list }) => {
    const due = LONG_RUNNING.has(kind) && list === 'containers';
    const has = ['readinessProbe', 'livenessProbe'].some((name) => content[name] !== undefined);
    return !due || has ? null : wrong('has no probe');
  },
};

const wrong = (what: string, ...path: string[]) => ({ what, path });
const security = (content: Record<string, unknown>) => inner(content, 'securityContext');
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const checkPods: Check = ({ world }) =>
  world.objects
    .flatMap(podSpecs)
    .flatMap((pod) => [
      ...ofPod(pod),
      ...containersOf(pod).flatMap((container) => [
        ...ofContainer(container, saidRules),
        ...(pod.partial ? [] : ofContainer(container, neededRules)),
      ]),
    ]);

function ofContainer(container: Container, rules: Partial<Record<RuleName, ContainerRule>>): Finding[] {
  const { file, object, name } = container;
  return Object.entries(rules).flatMap(([rule, check]): Finding[] => {
    const found = check(container);
    if (found === null) return [];
    const what = `container ${name} of ${object} ${found.what}`;
    return [{ rule: rule as RuleName, file, line: container.lineOf(...found.path), object, what }];
  });
}

function ofPod(pod: Part): Finding[] {
  const { file, object, content } = pod;
  const found = (rule: RuleName, what: string, ...path: (string | number)[]): Finding => ({
    rule,
    file,
    line: pod.lineOf(...path),
    object,
    what: `${object} ${what}`,
  });
  const shared = ['hostNetwork', 'hostPID', 'hostIPC'].filter((name) => content[name] === true);
  return [
    ...shared.map((name) => found('host-namespace', `sets ${name}`, name)),
    ...listOf(content['volumes']).flatMap((volume, index) =>
      isRecord(volume) && volume['hostPath'] !== undefined
        ? [
            found(
              'host-path',
              `mounts ${String(inner(volume, 'hostPath')['path'])} of the node`,
              'volumes',
              index,
            ),
          ]
        : [],
    ),
    ...containersOf(pod).flatMap(({ content: { ports }, list }, position) =>
      listOf(ports).flatMap((port) =>
        isRecord(port) && port['hostPort'] !== undefined
          ? [
              found(
                'host-namespace',
                `takes port ${String(port['hostPort'])} of the node`,
                list,
                position,
                'ports',
              ),
            ]
          : [],
      ),
    ),
  ];
}

import { nearest } from '../../contract/document/nearest.ts';
import { isRecord, kindOf } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import type { Check } from './context.ts';
import { type Container, containersOf, inner, type Part, podSpecs } from './pod-specs.ts';

const words = (text: string) => text.trim().split(/\s+/);

/** Fields of what people write most. Source: Kubernetes API reference v1.36. */
const POD = words(`activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy
  enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride
  imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName
  readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates
  securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain
  terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes workloadRef`);
const CONTAINER = words(`args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports
  readinessProbe resizePolicy resources restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce
  targetContainerName terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir`);
const SECURITY = words(`allowPrivilegeEscalation appArmorProfile capabilities privileged procMount
  readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions seccompProfile windowsOptions`);
const PROBE = words(`exec failureThreshold grpc httpGet initialDelaySeconds periodSeconds successThreshold
  tcpSocket terminationGracePeriodSeconds timeoutSeconds`);
/** Source: kustomize.toolkit.fluxcd.io/v1, KustomizationSpec. */
const FLUX = words(`commonMetadata components decryption deletionPolicy dependsOn force healthCheckExprs
  healthChecks ignoreMissingComponents images interval kubeConfig namePrefix nameSuffix patches path postBuild
  prune retryInterval serviceAccountName sourceRef suspend targetNamespace timeout wait`);

export const checkFields: Check = ({ world }) => [
  ...world.objects
    .flatMap(podSpecs)
    .flatMap((pod) => [...unknownIn(pod, [], POD), ...containersOf(pod).flatMap(ofContainer)]),
  ...world.kustomizations.flatMap(({ written: { object, source, file, partial } }) => {
    const part: Part = {
      content: inner(object, 'spec'),
      file,
      object: `${object.kind}/${object.metadata?.name ?? ''}`,
      kind: kindOf(object),
      partial,
      lineOf: (...path) => source.lineOf(['spec', ...path]),
    };
    return unknownIn(part, [], FLUX);
  }),
];

function ofContainer(container: Container): Finding[] {
  return [
    ...unknownIn(container, [], CONTAINER),
    ...unknownIn(container, ['securityContext'], SECURITY),
    ...unknownIn(container, ['resources'], ['claims', 'limits', 'requests']),
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((name) =>
      unknownIn(container, [name], PROBE),
    ),
  ];
}

function unknownIn(part: Part, path: string[], known: readonly string[]): Finding[] {
  const content = path.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), part.content);
  if (!isRecord(content)) return [];
  return (
    Object.keys(content)
      // A merge patch says with a dollar sign what to do with a list.
      .filter((name) => !known.includes(name) && !(part.partial && name.startsWith('$')))
      .map((name): Finding => {
        const near = nearest(name, known);
        const what = `${part.object} has ${[...path, name].join('.')}${near === undefined ? '' : `; is ${near} meant?`}`;
        return {
          rule: 'unknown-field',
          file: part.file,
          line: part.lineOf(...path, name),
          object: part.object,
          what,
        };
      })
  );
}

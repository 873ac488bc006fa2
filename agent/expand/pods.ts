import type { Taint } from '../../contract/node-pools.ts';
import { heldBy, type Pod as ObservedPod } from '../observe/holding.ts';
import type { LabelledNode, Term } from './node-selector.ts';

interface Owner {
  kind: string;
  uid: string;
  controller?: boolean;
}

interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
}

/** As much of a pod as its way to a pool hangs on. Source: Kubernetes API reference, Pod. */
export interface Pod extends ObservedPod {
  metadata: ObservedPod['metadata'] & {
    uid: string;
    annotations?: Record<string, string>;
    ownerReferences?: Owner[];
  };
  spec: ObservedPod['spec'] & {
    nodeSelector?: Record<string, string>;
    affinity?: {
      nodeAffinity?: {
        requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: Term[] };
        preferredDuringSchedulingIgnoredDuringExecution?: { preference: Term }[];
      };
    };
    tolerations?: Toleration[];
    volumes?: { hostPath?: object; persistentVolumeClaim?: { claimName: string } }[];
  };
}

/** A node that a pod could go to: one of the cluster, or what a machine will be. */
export interface Place extends LabelledNode {
  taints: readonly Partial<Taint>[];
}

/** Terms of the volumes that claims are bound to, by NAMESPACE/CLAIM; null for one that any node reaches. */
export type Volumes = ReadonlyMap<string, readonly Term[] | null>;

export const nameOf = ({ metadata }: Pod) => `${metadata.namespace}/${metadata.name}`;

/** What made a pod and makes its successor. */
export const ownerOf = ({ metadata }: Pod) =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

export const isLeaving = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined;

export const isReadyPod = (pod: Pod) =>
  !isLeaving(pod) &&
  pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

/** What keeps a pod from being ready, as people are told. */
export const heldText = (pod: Pod) =>
  isLeaving(pod) ? 'it is ending' : (heldBy(pod)[0]?.reason ?? 'it is not ready');

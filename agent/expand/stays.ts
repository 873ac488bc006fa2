import { poolLabel } from '../../contract/node-pools.ts';
import { fitsTerms, type Term } from './node-selector.ts';
import { ownerOf, type Place, type Pod, type Volumes } from './pods.ts';

/** What the pod would find. */
export interface Target {
  /** Name of the pool. */
  pool: string;
  /** Its nodes, also those that its machines will be. */
  places: readonly Place[];
  volumes: Volumes;
}

/** Whose successors go where they belong by themselves, or that have none. */
const otherOwners: Readonly<Record<string, string>> = {
  DaemonSet: 'a DaemonSet has one on each node',
  Job: 'a Job counts an eviction as a failure; it ends by itself',
  Node: 'a static pod of its node',
};

/**
 * Why a pod that is not in the pool would not go there if it were evicted; null when the scheduler is likely to put its
 * successor there. Pure.
 */
export function whyStays(pod: Pod, target: Target): string | null {
  const owner = ownerOf(pod);
  if (owner === undefined) return 'nothing would start it again';
  const whose = otherOwners[owner.kind];
  if (whose !== undefined) return whose;
  if (!asksFor(pod, target.pool))
    return `it does not ask for the pool: no node affinity for ${poolLabel} in [${target.pool}]`;
  if (pod.spec.volumes?.some(({ hostPath }) => hostPath !== undefined) === true)
    return 'a hostPath volume: its files lie on its node';
  const claim = claimElsewhere(pod, target);
  if (claim !== null) return `claim ${claim} is bound to a volume that no node of the pool reaches`;
  if (!target.places.some((place) => isLetIn(pod, place)))
    return 'its node selector, its node affinity or a taint keeps it from every node of the pool';
  return null;
}

/** By its node selector, or by node affinity, preferred or required. */
function asksFor({ spec }: Pod, pool: string): boolean {
  const { requiredDuringSchedulingIgnoredDuringExecution: required, ...affinity } =
    spec.affinity?.nodeAffinity ?? {};
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const terms = [...(required?.nodeSelectorTerms ?? []), ...preferred.map(({ preference }) => preference)];
  return spec.nodeSelector?.[poolLabel] === pool || terms.some((term) => names(term, pool));
}

const names = ({ matchExpressions = [] }: Term, pool: string) =>
  matchExpressions.some(
    ({ key, operator, values = [] }) => key === poolLabel && operator === 'In' && values.includes(pool),
  );

function claimElsewhere({ metadata, spec }: Pod, { places, volumes }: Target): string | null {
  for (const { persistentVolumeClaim } of spec.volumes ?? []) {
    const claim = persistentVolumeClaim?.claimName;
    const terms = volumes.get(`${metadata.namespace}/${claim}`) ?? null;
    if (claim !== undefined && terms !== null && !places.some((place) => fitsTerms(terms, place)))
      return claim;
  }
  return null;
}

function isLetIn({ spec }: Pod, place: Place): boolean {
  const wanted = Object.entries(spec.nodeSelector ?? {});
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    wanted.every(([key, value]) => place.labels[key] === value) &&
    (required === undefined || fitsTerms(required.nodeSelectorTerms, place)) &&
    place.taints.every((taint) => taint.effect === 'PreferNoSchedule' || isTolerated(taint, spec))
  );
}

/** Source: Kubernetes, "Taints and Tolerations". */
const isTolerated = (taint: Place['taints'][number], { tolerations = [] }: Pod['spec']) =>
  tolerations.some(
    ({ key, operator = 'Equal', value = '', effect }) =>
      (effect === undefined || effect === '' || effect === taint.effect) &&
      (operator === 'Exists'
        ? key === undefined || key === '' || key === taint.key
        : key === taint.key && value === (taint.value ?? '')),
  );

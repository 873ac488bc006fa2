import type { Taint } from '../../contract/node-pools.ts';
import type { Declared } from '../enroll/pool.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ClusterNode } from '../kube/nodes.ts';

/**
 * What has to change so that a Node is as the site declares it; null where it is. Others' labels and taints stay: the
 * list of taints is one value, so that it counts only for the Node as it was read. Source: RFC 7386.
 */
export function patchFor({ metadata, spec }: ClusterNode, { labels, taints }: Declared): object | null {
  const missing = Object.entries(labels).filter(([key, value]) => metadata.labels?.[key] !== value);
  const has = spec.taints ?? [];
  const same = (one: Partial<Taint>, taint: Taint) => one.key === taint.key && one.effect === taint.effect;
  const lacking = taints.filter(
    (taint) => !has.some((one) => same(one, taint) && (one.value ?? '') === taint.value),
  );
  if (missing.length + lacking.length === 0) return null;
  const kept = has.filter((one) => !lacking.some((taint) => same(one, taint)));
  return {
    metadata: { labels: Object.fromEntries(missing), resourceVersion: metadata.resourceVersion },
    ...(lacking.length === 0 ? {} : { spec: { taints: [...kept, ...lacking] } }),
  };
}

/** Makes it so. @throws KubeError 409 when somebody changed the Node meanwhile: the next look tries again. */
export async function declare(
  kube: KubeClient,
  node: ClusterNode,
  declared: Declared,
  signal: AbortSignal,
): Promise<void> {
  const patch = patchFor(node, declared);
  if (patch !== null) await kube.merge(`/api/v1/nodes/${node.metadata.name}`, patch, signal);
}

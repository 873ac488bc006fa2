import { run } from '../../host/process.ts';

const GRACE = '120s';

/**
 * Moves the pods off a node, and keeps others from it. Pods that nothing would start again end too, and so
 * does what only lives as long as a pod. Source: Kubernetes, "Safely drain a node".
 * @param kubectl command, such as `['kubectl']`.
 */
export async function drainNode(
  kubectl: readonly string[],
  kubeconfig: string,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const how = ['--ignore-daemonsets', '--delete-emptydir-data', '--force', `--timeout=${GRACE}`];
  await run([...kubectl, '--kubeconfig', kubeconfig, 'drain', node, ...how], { signal });
}

/** Takes a Node away; one that is gone is fine. */
export async function deleteNode(
  kubectl: readonly string[],
  kubeconfig: string,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  await run([...kubectl, '--kubeconfig', kubeconfig, 'delete', 'node', node, '--ignore-not-found'], {
    signal,
  });
}

interface Secrets {
  items: { metadata: { name: string }; data?: { description?: string } }[];
}

/** What the tokens for a node are described as, and found by. */
export const tokenDescription = (node: string) => `CPiaB: node ${node}`;

/**
 * Deletes what a node could still join with. Both engines keep tokens as Kubernetes' own Secrets.
 * Source: Kubernetes, "Authenticating with bootstrap tokens".
 */
export async function deleteTokens(
  kubectl: readonly string[],
  kubeconfig: string,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const command = [...kubectl, '--kubeconfig', kubeconfig, '--namespace', 'kube-system'];
  const only = ['--field-selector', 'type=bootstrap.kubernetes.io/token', '--output', 'json'];
  const { items } = JSON.parse(
    (await run([...command, 'get', 'secrets', ...only], { signal })).stdout,
  ) as Secrets;
  const of = (description = '') => Buffer.from(description, 'base64').toString('utf8');
  const names = items.filter(({ data }) => of(data?.description) === tokenDescription(node));
  for (const { metadata } of names)
    await run([...command, 'delete', 'secret', metadata.name, '--ignore-not-found'], { signal });
}

import { CpiabError } from '../../contract/errors.ts';
import { ProcessError, run } from '../../host/process.ts';

/** kubectl ends by its own clock; this is for one that hangs. */
const PATIENCE_MS = 30_000;

/**
 * Moves the pods off a node, and keeps others from it. Each is asked for by the Eviction API, which a
 * PodDisruptionBudget may refuse; it is asked again until the time is over. Pods that nothing would start again end
 * too, and so does what only lives as long as a pod. Source: Kubernetes, "Safely drain a node", "API-initiated eviction".
 * @param kubectl command, such as `['kubectl']`.
 * @returns what was moved, such as `default/web-5f7c`. @throws CpiabError E5510 with what kubectl said last.
 */
export async function drainNode(
  kubectl: readonly string[],
  kubeconfig: string,
  node: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const how = ['--ignore-daemonsets', '--delete-emptydir-data', '--force'];
  const limit = `--timeout=${Math.ceil(limitMs / 1000)}s`;
  try {
    const { stdout } = await run([...kubectl, '--kubeconfig', kubeconfig, 'drain', node, ...how, limit], {
      signal,
      timeoutMs: limitMs + PATIENCE_MS,
    });
    return evicted(stdout);
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    throw new CpiabError('E5510', { subject: node, args: [lastSaid(error.stderr)], cause: error });
  }
}

/** `evicting pod NAMESPACE/NAME` is said on standard error as well, once for each try. */
const evicted = (stdout: string) =>
  [...stdout.matchAll(/^pod\/(\S+) evicted$/gm)].map(([, name = '']) => name).toSorted();

/** What kubectl says in the end names what is left. */
function lastSaid(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => /^error|^There are|Cannot evict/.test(line.trim()));
  return [...new Set(lines.map((line) => line.trim()))].slice(-3).join('; ') || 'kubectl did not say why';
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

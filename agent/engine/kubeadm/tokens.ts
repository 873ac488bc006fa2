import { run } from '../../../host/process.ts';
import { tokenDescription } from '../nodes.ts';

/** The command that makes a bootstrap token for one node. The cluster deletes it when its time is over. */
export function createTokenCommand(kubeconfig: string, node: string, ttlMs: number): string[] {
  const about = ['--ttl', `${Math.ceil(ttlMs / 1000)}s`, '--description', tokenDescription(node)];
  return ['kubeadm', 'token', 'create', '--kubeconfig', kubeconfig, ...about];
}

export async function createToken(
  kubeconfig: string,
  node: string,
  ttlMs: number,
  signal: AbortSignal,
): Promise<string> {
  return (await run(createTokenCommand(kubeconfig, node, ttlMs), { signal })).stdout.trim();
}

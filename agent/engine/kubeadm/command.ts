import { units } from '../../../contract/layout.ts';
import { runUnit } from '../../../host/unit.ts';

/** Runs kubeadm to its end; tells each line that it says. @throws ProcessError with the last ones. */
export type Kubeadm = (
  args: readonly string[],
  onLine: (line: string) => void,
  signal: AbortSignal,
) => Promise<void>;

/**
 * kubeadm as a service of its own. It looks at the whole machine first, and makes a control group to see whether
 * it can; the agent may not. @param memory directory for its arguments and what it says.
 */
export function kubeadmService(memory: string): Kubeadm {
  return (args, onLine, signal) =>
    runUnit({ ARGUMENTS: args.join(' ') }, { unit: units.kubeadm, directory: memory, signal, onLine });
}

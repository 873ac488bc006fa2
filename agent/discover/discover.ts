import { ports } from '../../contract/layout.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { Board } from '../board.ts';
import type { Journal } from '../report/journal.ts';
import { Discovery } from './discovery.ts';
import type { Announced } from './mdns/own-records.ts';

/**
 * Looks around for as long as the box runs, once it has converged: nothing of the boot waits for it, and it never
 * ends the agent.
 */
export async function discoverAlways(
  board: Board,
  wall: () => number,
  journal: Journal,
  signal: AbortSignal,
): Promise<void> {
  const { discover: policy } = board.site;
  if (policy.mode === 'off') return;
  const complain = (why: string) => journal('error', { discover: why });
  try {
    const { inventory: directory } = board.paths;
    const discovery = await Discovery.open({ policy, self: selfOf(board), directory, wall, complain });
    board.put('discovery', discovery);
    await discovery.run(signal);
  } catch (error) {
    signal.throwIfAborted();
    complain(messageOf(error));
  }
}

/** The identifier makes its names its own: there is none other on any link. */
export function selfOf({ site, report }: Board): Announced {
  const { id, fingerprint } = report.snapshot().box;
  const short = id.slice(0, 8);
  return {
    ...{ instance: `CPiaB ${site.name} ${short}`, host: `cpiab-${short}`, service: 'cpiab', port: ports.api },
    texts: ['txtvers=1', `site=${site.name}`, `id=${id}`, `key=${fingerprint}`],
  };
}

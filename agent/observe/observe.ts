import { readFile } from 'node:fs/promises';
import type { Board } from '../board.ts';
import { type ClusterNode, isReady, listClusterNodes, readiness } from '../kube/nodes.ts';
import { firingAlerts } from './alerts.ts';
import { droppedPackets } from './dropped.ts';
import { listPods } from './holding.ts';
import { runningImages } from './images.ts';
import { memoryInUse } from './memory.ts';
import { podNetworkStatus } from './pod-network.ts';
import { look } from './progress.ts';

/** Reads the state of box and cluster anew into the report. */
export async function observe(board: Board, signal: AbortSignal): Promise<void> {
  await observeMachine(board, signal);
  const kube = board.peek('kube');
  if (kube === undefined) return;
  const nodes = await listClusterNodes(kube, signal);
  markReady(nodes, board);
  const { head } = board.report.snapshot().git;
  const { ready, total, applied, blocking } = await look(board, true, signal);
  board.report.observe({
    nodes: nodes.map((node) => ({
      name: node.metadata.name,
      ready: isReady(node),
      version: node.status.nodeInfo.kubeletVersion,
    })),
    git: { head, applied },
    flux: { ready, total, blocking },
    images: runningImages(await listPods(kube, signal), board.get('manifest')),
    alerts: await firingAlerts(kube, signal),
  });
}

/** What needs no cluster. */
export async function observeMachine({ report, paths }: Board, signal: AbortSignal): Promise<void> {
  report.observe({ memory: memoryInUse(await readFile('/proc/meminfo', 'utf8')) });
  report.observe({ dropped: await droppedPackets(signal) });
  report.observe({ podNetwork: await podNetworkStatus(paths.podNetworkStatus) });
}

/** When the node became Ready; it says so itself, to the second. */
function markReady(nodes: readonly ClusterNode[], { report }: Board): void {
  const ready = nodes.find(isReady);
  if (ready === undefined) return;
  const since = Date.parse(readiness(ready)?.lastTransitionTime ?? '');
  report.mark('node', Number.isNaN(since) ? 0 : Date.now() - since);
}

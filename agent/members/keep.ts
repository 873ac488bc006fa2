import { setTimeout as sleep } from 'node:timers/promises';
import type { Board } from '../board.ts';
import type { KubeClient } from '../kube/client.ts';
import { isReady, listClusterNodes } from '../kube/nodes.ts';
import { journal } from '../report/journal.ts';
import { compare, strangeNodes } from './compare.ts';
import { declare } from './declare.ts';
import { answerKubelets } from './kubelets.ts';
import { letNodesProxy } from './proxy-role.ts';

const LOOK_MS = 15_000;
/** While a node is on its way in, somebody waits. */
const JOINING_LOOK_MS = 2000;

/**
 * Follows the nodes of the cluster as long as the box runs: gives them their first certificates in it, says what the
 * site declares about them, ends what they joined with when they are ready, and tells of those that nobody let in.
 * @param own name of the box's own Node.
 */
export async function keepMembers(board: Board, own: string, signal: AbortSignal): Promise<void> {
  const enrollment = await board.when('enrollment');
  // etcd of several servers needs the others before there is an API server.
  while (board.peek('kube') === undefined) {
    await enrollment.admit().catch((error: Error) => told(error, signal));
    await sleep(JOINING_LOOK_MS, undefined, { signal });
  }
  const kube = board.get('kube');
  await letNodesProxy(kube, signal).catch((error: Error) => told(error, signal));
  for (;;) {
    await look(board, kube, own, signal).catch((error: Error) => told(error, signal));
    await sleep(enrollment.isJoining() ? JOINING_LOOK_MS : LOOK_MS, undefined, { signal });
  }
}

async function look(board: Board, kube: KubeClient, own: string, signal: AbortSignal): Promise<void> {
  const enrollment = board.get('enrollment');
  await enrollment.admit();
  await enrollment.tellCluster().catch((error: Error) => told(error, signal));
  const office = { kube, audit: board.get('audit'), records: [...enrollment.records()] };
  await answerKubelets(office, signal).catch((error: Error) => told(error, signal));
  const nodes = await listClusterNodes(kube, signal);
  const { known, joined, strange } = compare(enrollment.records(), nodes, own);
  enrollment.see(new Map(nodes.map((node) => [node.metadata.name, isReady(node)])));
  board.report.lasting('members', strangeNodes(strange));
  for (const { record, node } of known)
    await declare(kube, node, enrollment.declaredFor(record), signal).catch((error: Error) =>
      told(error, signal),
    );
  for (const { id } of joined) await enrollment.joined(id, signal);
}

/** The next look tries again. */
function told(error: Error, signal: AbortSignal): void {
  signal.throwIfAborted();
  journal('warn', { members: error.message });
}

import { readFile } from 'node:fs/promises';
import { egressCounter } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';
import type { Board } from '../board.ts';
import { listPods } from './holding.ts';
import { runningImages } from './images.ts';
import { memoryInUse } from './memory.ts';
import { look } from './progress.ts';

interface Node {
  metadata: { name: string };
  status: {
    conditions?: { type: string; status: string; lastTransitionTime?: string }[];
    nodeInfo: { kubeletVersion: string };
  };
}

/** Reads the state of box and cluster anew into the report. */
export async function observe(board: Board, signal: AbortSignal): Promise<void> {
  board.report.observe({
    memory: memoryInUse(await readFile('/proc/meminfo', 'utf8')),
    egress: { denied: await deniedPackets(signal) },
  });
  const kube = board.peek('kube');
  if (kube === undefined) return;
  const { items } = await kube.get<{ items: Node[] }>('/api/v1/nodes', signal);
  markReady(items, board);
  const head = board.report.snapshot().git.head;
  const { ready, total, applied, blocking } = await look(kube, head ?? '', true, signal);
  board.report.observe({
    nodes: items.map(({ metadata, status }) => ({
      name: metadata.name,
      ready: readiness(status) !== undefined,
      version: status.nodeInfo.kubeletVersion,
    })),
    git: { head, applied },
    flux: { ready, total, blocking },
    images: runningImages(await listPods(kube, signal), board.get('manifest')),
  });
}

const readiness = ({ conditions }: Node['status']) =>
  conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');

/** When the node became Ready; it says so itself, to the second. */
function markReady(nodes: readonly Node[], { report }: Board): void {
  const ready = nodes.map(({ status }) => readiness(status)).find((found) => found !== undefined);
  if (ready === undefined) return;
  const since = Date.parse(ready.lastTransitionTime ?? '');
  report.mark('node', Number.isNaN(since) ? 0 : Date.now() - since);
}

/** Packets that were refused on their way out. Source: libnftables-json(5). */
async function deniedPackets(signal: AbortSignal): Promise<number> {
  const { family, table, name } = egressCounter;
  const { stdout } = await run(['nft', '--json', 'list', 'counter', family, table, name], { signal });
  const { nftables } = JSON.parse(stdout) as { nftables: { counter?: { packets: number } }[] };
  const counter = nftables.find((entry) => entry.counter !== undefined)?.counter;
  if (counter === undefined) throw new Error(`nft shows no counter ${table} ${name}`);
  return counter.packets;
}

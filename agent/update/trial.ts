import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ports } from '../../contract/layout.ts';
import { getPinned } from '../../host/pinned-https.ts';
import type { Board } from '../board.ts';
import { isReady, listClusterNodes } from '../kube/nodes.ts';
import { uptimeMs } from '../uptime.ts';
import { type Look, passGate } from './gate.ts';
import type { Updater } from './updater.ts';

/** Lets a version on trial show that it works, and acts on what it shows. */
export async function holdTrial(board: Board, updater: Updater, signal: AbortSignal): Promise<void> {
  const { minutes, requires } = board.site.update.gate;
  const reason = await passGate(
    {
      requires,
      looks: looksAt(board),
      hopeless: () => {
        const { phase, problem } = board.report.snapshot();
        return phase === 'failed' && isFinal(board) ? `it stopped: ${problem}` : null;
      },
      left: () => minutes * 60_000 - uptimeMs(),
      progress: (detail) => updater.progress(detail),
    },
    signal,
  );
  if (reason !== null) return await updater.fail(reason);
  await updater.commit();
  await dismissGuard(board.paths.run);
}

/** Tells the guard outside of the agent, `/usr/lib/cpiab/trial`, that nothing is on trial. */
export async function dismissGuard(run: string): Promise<void> {
  await writeFile(join(run, 'committed'), '');
}

/** The bundle itself is not what its signature says: nothing will mend that. */
const isFinal = ({ report }: Board) => report.current.name === 'verify';

function looksAt(board: Board): Record<'agent' | 'engine' | 'flux', Look> {
  const step = (name: string) => {
    const found = board.report.snapshot().steps.find((one) => one.name === name);
    return found?.state === 'done' ? null : `step ${name} is ${found?.state}`;
  };
  return {
    agent: async () => step('serve') ?? (await apiAnswers(board)),
    engine: async (signal) => step('engine') ?? (await nodesReady(board, signal)),
    flux: async () => {
      const { phase, flux } = board.report.snapshot();
      const [first] = flux.blocking;
      const why = first === undefined ? '' : `; ${first.object}: ${first.reason}`;
      return phase === 'ready' ? null : `${flux.ready} of ${flux.total} ready${why}`;
    },
  };
}

async function apiAnswers({ report }: Board): Promise<string | null> {
  const { fingerprint } = report.snapshot().box;
  const { status } = await getPinned(new URL(`https://127.0.0.1:${ports.api}/healthz`), fingerprint);
  return status === 200 ? null : `the API answers with status ${status}`;
}

async function nodesReady(board: Board, signal: AbortSignal): Promise<string | null> {
  const nodes = await listClusterNodes(board.get('kube'), signal);
  return nodes.length > 0 && nodes.every(isReady) ? null : 'the node is not Ready';
}

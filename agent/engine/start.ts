import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { Manifest } from '../../contract/manifest.ts';
import type { Board } from '../board.ts';
import { KubeClient } from '../kube/client.ts';
import { readKubeconfig } from '../kube/kubeconfig.ts';
import type { StepContext } from '../step.ts';
import type { Engine } from './engine.ts';
import { kubeadmEngine } from './kubeadm/kubeadm.ts';

/** Each answer runs some sixty checks, which take time from what is waited for. */
const POLL_MS = 1000;

/** Begins when the bundle's index is known to be good: the container runtime is nothing of Kubernetes yet. */
export async function startRuntime(board: Board, signal: AbortSignal): Promise<void> {
  const manifest = await board.when('manifest');
  const engine = board.peek('engine') ?? engineOf(board, manifest);
  const lacking = engine.requiredImages().filter((name) => manifest.images[name] === undefined);
  if (lacking.length > 0) throw new CpiabError('E5102', { subject: 'bundle', args: [lacking.join(', ')] });
  const blobs = await board.when('blobs');
  await Promise.all(Object.values(manifest.files).map((digest) => blobs.verified(digest)));
  await engine.prepare(signal);
  board.put('engine', engine);
}

/** Starts Kubernetes, and waits until its API server is ready. */
export async function startEngine(board: Board, { signal, progress }: StepContext): Promise<string> {
  const engine = board.get('engine');
  const server = await engine.startServer(progress, signal);
  const kube = new KubeClient(await readKubeconfig(engine.kubeconfig));
  // What fails in the background must not leave a half-made cluster: a new start of the agent clears it away.
  server.complete.catch((error: unknown) => board.abandon(error));
  progress('waiting for the API server');
  await untilReady(kube, signal);
  await engine.startRest(signal);
  board.put('server', server);
  board.put('kube', kube);
  return `${board.site.engine.kind} ${board.site.engine.version}, ${server.fresh ? 'a new cluster' : 'the same cluster as before'}`;
}

function engineOf(board: Board, manifest: Manifest): Engine {
  return kubeadmEngine(board.site, board.paths, manifest);
}

async function untilReady(kube: KubeClient, signal: AbortSignal): Promise<void> {
  for (;;) {
    const ready = await kube.text('/readyz', signal).then(
      (text) => text === 'ok',
      () => false,
    );
    if (ready) return;
    await sleep(POLL_MS, undefined, { signal });
  }
}

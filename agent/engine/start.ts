import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { Manifest } from '../../contract/manifest.ts';
import type { BoxSite } from '../../contract/site.ts';
import type { Board } from '../board.ts';
import { KubeClient } from '../kube/client.ts';
import { readKubeconfig } from '../kube/kubeconfig.ts';
import type { StepContext } from '../step.ts';
import type { Engine, Self } from './engine.ts';
import { releaseImages } from './k3s/images.ts';
import { k3sEngine } from './k3s/k3s.ts';
import { kubeadmEngine } from './kubeadm/kubeadm.ts';

/** Each answer runs some sixty checks, which take time from what is waited for. */
const POLL_MS = 1000;

/** Begins when the bundle's index is known to be good: the container runtime is nothing of Kubernetes yet. */
export async function startRuntime(board: Board, signal: AbortSignal): Promise<void> {
  const manifest = await board.when('manifest');
  const engine = board.peek('engine') ?? (await engineOf(board, manifest));
  const lacking = engine.requiredImages().filter((name) => manifest.images[name] === undefined);
  if (lacking.length > 0) throw new CpiabError('E5102', { subject: 'bundle', args: [lacking.join(', ')] });
  const blobs = await board.when('blobs');
  await Promise.all(Object.values(manifest.files).map((digest) => blobs.verified(digest)));
  await beginWithSnapshot(engine, board.paths.engineSnapshot, signal);
  await engine.prepare(signal, (what) => board.report.mark(what));
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
  board.report.mark('api-server');
  await engine.startRest(signal);
  board.put('server', server);
  board.put('kube', kube);
  return `${board.site.engine.kind} ${board.site.engine.version}, ${server.fresh ? 'a new cluster' : 'the same cluster as before'}`;
}

/** What a restore of the box has left: the cluster's state. Cut off, it is done again. */
async function beginWithSnapshot(engine: Engine, snapshot: string, signal: AbortSignal): Promise<void> {
  if (!existsSync(snapshot)) return;
  await engine.restore(snapshot, signal);
  await rm(snapshot);
}

const engines: {
  [Kind in BoxSite['engine']['kind']]: (board: Board, manifest: Manifest, self: Self) => Promise<Engine>;
} = {
  kubeadm: async ({ site, paths }, manifest, self) => kubeadmEngine(site, paths, manifest, self),
  k3s: async ({ site, paths }, manifest, self) => {
    const images = await releaseImages(paths.bundle, manifest);
    const bundleImages = Object.keys(manifest.images);
    return k3sEngine({
      network: site.network,
      self,
      releaseImages: images,
      bundleImages,
      initialised: paths.initialised,
    });
  },
};

/** One box alone: others join when somebody takes them in. */
function engineOf(board: Board, manifest: Manifest): Promise<Engine> {
  const self = { name: hostname(), address: board.site.network.nodeAddress, highlyAvailable: false };
  return engines[board.site.engine.kind](board, manifest, self);
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

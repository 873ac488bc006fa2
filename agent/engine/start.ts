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
import type { ClusterFound, Engine, Self } from './engine.ts';
import { releaseImages } from './k3s/images.ts';
import { k3sEngine } from './k3s/k3s.ts';
import { kubeadmEngine } from './kubeadm/kubeadm.ts';

/** Each answer runs some sixty checks, which take time from what is waited for. */
const POLL_MS = 1000;

/** Begins when the bundle's index is known to be good: the container runtime is nothing of Kubernetes yet. */
export async function startRuntime(board: Board, signal: AbortSignal): Promise<void> {
  await board.when('manifest');
  const engine = board.peek('engine') ?? (await engineOf(board, boxAlone(board)));
  await prepareEngine(board, engine, signal);
}

/** Starts the container runtime of this node, when what it is made of is known to be good. */
export async function prepareEngine(board: Board, engine: Engine, signal: AbortSignal): Promise<void> {
  const manifest = board.get('manifest');
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
  void server.complete.then(
    () => board.report.mark('cluster'),
    (error: unknown) => board.abandon(error),
  );
  progress('waiting for the API server');
  await untilReady(kube, signal);
  board.report.mark('api-server');
  await engine.startRest(signal);
  board.put('server', server);
  board.put('kube', kube);
  return `${board.site.engine.kind} ${board.site.engine.version}, ${clusters[server.cluster]}`;
}

const clusters: Record<ClusterFound, string> = {
  new: 'a new cluster',
  same: 'the same cluster as before',
  rewritten: 'the same cluster as before, its control plane written anew',
};

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

/** @param self which node of the cluster this is. */
export function engineOf(board: Board, self: Self): Promise<Engine> {
  return engines[board.site.engine.kind](board, board.get('manifest'), self);
}

/** One box alone: others join when somebody takes them in. */
const boxAlone = ({ site }: Board): Self => ({
  name: hostname(),
  role: 'control-plane',
  address: site.network.nodeAddress,
  joins: false,
  highlyAvailable: site.engine.highAvailability,
});

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

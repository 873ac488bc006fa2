import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { engineImages } from '../../../contract/engine-images.ts';
import { box, persisted, units } from '../../../contract/layout.ts';
import type { Manifest } from '../../../contract/manifest.ts';
import type { BoxSite } from '../../../contract/site.ts';
import { writeAtomic } from '../../../host/files.ts';
import { run } from '../../../host/process.ts';
import type { Paths } from '../../board.ts';
import { until } from '../../until.ts';
import type { Engine, StartedServer } from '../engine.ts';
import { etcdAccess } from './etcd/access.ts';
import { saveSnapshot } from './etcd/snapshot.ts';
import { type HostFiles, hostFiles, writeHostFiles } from './host-files.ts';
import { useRenewedKubeletCertificate, writeKubeProxyKubeconfig } from './kubeconfigs.ts';
import { hasRemains, reset } from './reset.ts';
import { completeRestore, restoreState } from './state.ts';
import { lastManifest, stageStaticPods, unstageStaticPods } from './static-pods.ts';

const CNI_DIRECTORY = '/etc/cni/net.d';
/** Upstream Kubernetes, started by kubeadm: static pods for the control plane, kubelet and kube-proxy as services. */
export function kubeadmEngine(site: BoxSite, paths: Paths, manifest: Manifest): Engine {
  const images = engineImages(Object.keys(manifest.images), site.engine.version);
  const files = hostFiles(paths.run, CNI_DIRECTORY);
  const input = { site, images, node: hostname(), containerdSocket: paths.containerdSocket, ...files };
  const { nodeAddress } = site.network;
  const member = { name: input.node, peer: `https://${nodeAddress}:2380` };
  const controlPlane = {
    stop: () => unstageStaticPods(files.staticPods),
    start: () => stageStaticPods('all', files.staticPods),
  };
  return {
    kubeconfig: paths.bootstrapKubeconfig,
    requiredImages: () => [images.etcd, images.coredns, images.pause, ...images.controlPlane],
    prepare: async (signal) => {
      if (!existsSync(paths.initialised) && (await hasRemains())) {
        await reset(signal);
        await unstageStaticPods(files.staticPods);
      }
      await completeRestore(persisted.etcd, controlPlane, signal);
      await writeHostFiles(files, input);
      await run(['systemctl', 'start', units.containerd], { signal });
      await attachImages(paths, images.pause, signal);
    },
    startServer: async (progress, signal) => {
      if (!existsSync(paths.initialised)) return await initialise(paths, files, progress, signal);
      await useRenewedKubeletCertificate();
      await stageStaticPods('api-server', files.staticPods);
      await run(['systemctl', 'start', units.kubelet], { signal });
      return { fresh: false, complete: Promise.resolve() };
    },
    startRest: async (signal) => {
      await stageStaticPods('all', files.staticPods);
      await writeKubeProxyKubeconfig(`https://${site.network.nodeAddress}:6443`, Date.now());
      await run(['systemctl', 'start', '--no-block', units.kubeProxy], { signal });
    },
    keys: [join(persisted.kubernetes, 'pki')],
    snapshot: (file, signal) => saveSnapshot(etcdAccess([`https://${nodeAddress}:2379`]), file, signal),
    restore: (file, signal) => restoreState(file, persisted.etcd, member, controlPlane, signal),
  };
}

/** Registers the bundle's images with containerd where they lie, unpacked, on the medium. */
async function attachImages(paths: Paths, pause: string, signal: AbortSignal): Promise<void> {
  const argv = [join(box.programs, 'attach'), '--address', paths.containerdSocket, '--namespace', 'k8s.io'];
  await run([...argv, '--bundle', paths.bundle, '--layers', paths.layers, '--pinned', pause, '--json'], {
    signal,
  });
}

/** The first start. Only its end is remembered: one that was cut off begins anew. */
async function initialise(
  paths: Paths,
  files: HostFiles,
  progress: (detail: string) => void,
  signal: AbortSignal,
): Promise<StartedServer> {
  const begun = new AbortController();
  const onLine = (line: string) => {
    // Such as `[certs] Generating "ca" certificate and key`.
    if (/^\[[\w-]+\] /.test(line) && !begun.signal.aborted) progress(line);
  };
  const argv = ['kubeadm', 'init', '--config', files.kubeadm, '--skip-token-print'];
  const complete = run(argv, { signal, onLine }).then(() =>
    writeAtomic(paths.initialised, `${new Date().toISOString()}\n`),
  );
  // Reported by whoever awaits it; it may fail before anybody does.
  complete.catch(() => {});
  await Promise.race([until(() => existsSync(lastManifest), signal), complete]);
  begun.abort();
  await stageStaticPods('api-server', files.staticPods);
  return { fresh: true, complete };
}

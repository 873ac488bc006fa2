import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { box, persisted, units } from '../../../contract/layout.ts';
import type { Manifest } from '../../../contract/manifest.ts';
import type { Site } from '../../../contract/site.ts';
import { writeAtomic } from '../../../host/files.ts';
import { run } from '../../../host/process.ts';
import type { Paths } from '../../board.ts';
import { until } from '../../until.ts';
import type { Engine, StartedServer } from '../engine.ts';
import { hostFiles, kubeProxyKubeconfig, writeHostFiles } from './host-files.ts';
import { engineImages } from './images.ts';
import { hasRemains, reset } from './reset.ts';

const CNI_DIRECTORY = '/etc/cni/net.d';
/** The last of the control plane's manifests: when it is there, so are all certificates and kubeconfigs. */
const LAST_MANIFEST = join(persisted.kubernetes, 'manifests', 'kube-scheduler.yaml');

/** Upstream Kubernetes, started by kubeadm: static pods for the control plane, kubelet and kube-proxy as services. */
export function kubeadmEngine(site: Site, paths: Paths, manifest: Manifest): Engine {
  const images = engineImages(manifest, site.engine.version);
  const files = hostFiles(paths.run, CNI_DIRECTORY);
  const input = { site, images, node: hostname(), containerdSocket: paths.containerdSocket, ...files };
  return {
    kubeconfig: paths.bootstrapKubeconfig,
    requiredImages: () => [images.etcd, images.coredns, images.pause, ...images.controlPlane],
    prepare: async (signal) => {
      if (!existsSync(paths.initialised) && (await hasRemains())) await reset(signal);
      await writeHostFiles(files, input);
      await run(['systemctl', 'start', units.containerd], { signal });
      await attachImages(paths, images.pause, signal);
    },
    startServer: async (progress, signal) => {
      if (!existsSync(paths.initialised)) return await initialise(paths, files.kubeadm, progress, signal);
      await run(['systemctl', 'start', units.kubelet, units.kubeProxy], { signal });
      return { fresh: false, complete: Promise.resolve() };
    },
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
  config: string,
  progress: (detail: string) => void,
  signal: AbortSignal,
): Promise<StartedServer> {
  const onLine = (line: string) => {
    // Such as `[certs] Generating "ca" certificate and key`.
    if (/^\[[\w-]+\] /.test(line)) progress(line);
  };
  const init = run(['kubeadm', 'init', '--config', config, '--skip-token-print'], { signal, onLine });
  const proxy = startKubeProxy(config, signal);
  const complete = Promise.all([init, proxy]).then(() =>
    writeAtomic(paths.initialised, `${new Date().toISOString()}\n`),
  );
  // Reported by whoever awaits it; it may fail before anybody does.
  complete.catch(() => {});
  await Promise.race([until(() => existsSync(LAST_MANIFEST), signal), complete]);
  return { fresh: true, complete };
}

/** kube-proxy has an identity of its own, made when the cluster's CA is there. */
async function startKubeProxy(config: string, signal: AbortSignal): Promise<void> {
  await until(() => existsSync(LAST_MANIFEST), signal);
  const argv = ['kubeadm', 'kubeconfig', 'user', '--client-name', 'system:kube-proxy', '--config', config];
  const { stdout } = await run(argv, { signal });
  await writeAtomic(kubeProxyKubeconfig, stdout, { mode: 0o600 });
  await run(['systemctl', 'start', '--no-block', units.kubeProxy], { signal });
}

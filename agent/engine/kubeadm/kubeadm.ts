import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EngineImages, engineImages } from '../../../contract/engine-images.ts';
import { box, persisted, units } from '../../../contract/layout.ts';
import type { Manifest } from '../../../contract/manifest.ts';
import type { BoxSite } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import type { Paths } from '../../board.ts';
import type { Engine, Self } from '../engine.ts';
import { drainNode } from '../nodes.ts';
import type { KubeadmInput } from './config.ts';
import { type EtcdAccess, etcdAccess } from './etcd/access.ts';
import { checkSnapshot, saveSnapshot } from './etcd/snapshot.ts';
import { type HostFiles, hostFiles, writeHostFiles } from './host-files.ts';
import { useRenewedKubeletCertificate, writeKubeProxyKubeconfig } from './kubeconfigs.ts';
import { mintJoin, revokeNode } from './membership.ts';
import { hasRemains, reset } from './reset.ts';
import {
  completed,
  initialise,
  joinAsServer,
  pointEndpoint,
  writeBalancer,
  writeJoinFiles,
} from './start.ts';
import { completeRestore, restoreState } from './state.ts';
import { lastManifest, stageStaticPods, unstageStaticPods } from './static-pods.ts';

const CNI_DIRECTORY = '/etc/cni/net.d';
const ADMIN = join(persisted.kubernetes, 'admin.conf');

/** What kubeadm wrote for kubelet, and its certificates. */
const kubeletFiles = ['pki', 'config.yaml', 'instance-config.yaml', 'kubeadm-flags.env'];

/** What all parts of the engine need. */
interface Node {
  paths: Paths;
  images: EngineImages;
  self: Self;
  files: HostFiles;
  input: KubeadmInput;
  etcd: EtcdAccess;
}

/** Upstream Kubernetes, started by kubeadm: static pods for the control plane, kubelet and kube-proxy as services. */
export function kubeadmEngine(site: BoxSite, paths: Paths, manifest: Manifest, self: Self): Engine {
  const images = engineImages(Object.keys(manifest.images), site.engine.version);
  const files = hostFiles(paths.run, CNI_DIRECTORY);
  const input = { site, images, self, containerdSocket: paths.containerdSocket, ...files };
  const etcd = etcdAccess([`https://${self.address}:2379`]);
  const node = { paths, images, self, files, input, etcd };
  return {
    kind: 'kubeadm',
    kubeconfig: paths.bootstrapKubeconfig,
    keys: [persisted.kubernetes, ...kubeletFiles.map((name) => join(persisted.kubelet, name))],
    requiredImages: () => [images.etcd, images.coredns, images.pause, ...images.controlPlane],
    ...starting(node),
    ...joining(node),
    mintJoinToken: (joiner, ttlMs, signal) => mintJoin({ etcd, kubeconfig: ADMIN }, joiner, ttlMs, signal),
    revoke: (name, signal) => revokeNode({ etcd, kubeconfig: ADMIN }, name, signal),
    drain: (name, signal) => drainNode(['kubectl'], ADMIN, name, signal),
    reset: (signal) => clear(node, signal),
    snapshot: (file, signal) => saveSnapshot(etcd, file, signal),
    checkSnapshot,
    restore: (file, signal) => {
      const member = { name: self.name, peer: `https://${self.address}:2380` };
      const running = existsSync(join(files.staticPods, 'etcd.yaml'));
      // A start that is to come has an order of its own.
      const plane = { ...controlPlane(files), ...(running ? {} : { start: async () => {} }) };
      return restoreState(file, persisted.etcd, member, plane, signal);
    },
  };
}

function starting(node: Node): Pick<Engine, 'prepare' | 'startServer' | 'startRest'> {
  const { paths, images, self, files, input } = node;
  return {
    prepare: async (signal, mark) => {
      if (!existsSync(paths.initialised) && (await hasRemains())) await clear(node, signal);
      await completeRestore(persisted.etcd, controlPlane(files), signal);
      await writeHostFiles(files, input);
      await run(['systemctl', 'start', units.containerd], { signal });
      mark('containerd');
      await attachImages(paths, images.pause, signal);
      mark('images');
    },
    startServer: async (progress, signal) => {
      await pointEndpoint(self.address);
      if (!existsSync(paths.initialised)) return await initialise(files, paths.initialised, progress, signal);
      await startKubelet(files, signal);
      return { fresh: false, complete: Promise.resolve() };
    },
    startRest: async (signal) => {
      await stageStaticPods('all', files.staticPods);
      await writeKubeProxyKubeconfig(`https://${self.address}:6443`, Date.now());
      await run(['systemctl', 'start', '--no-block', units.kubeProxy], { signal });
    },
  };
}

function joining({ paths, self, files, input }: Node): Pick<Engine, 'joinServer' | 'joinAgent'> {
  return {
    joinServer: async (material, progress, signal) => {
      await pointEndpoint(material.servers[0] ?? self.address);
      await writeJoinFiles(files, input, material);
      const server = await joinAsServer(files, paths.initialised, progress, signal);
      await pointEndpoint(self.address);
      return server;
    },
    joinAgent: async (material, progress, signal) => {
      await writeBalancer(material.servers);
      await run(['systemctl', 'restart', units.balancer], { signal });
      await pointEndpoint('127.0.0.1');
      if (existsSync(paths.initialised)) return await startKubelet(files, signal);
      await writeJoinFiles(files, input, material);
      await completed(['kubeadm', 'join', '--config', files.join], paths.initialised, progress, signal);
    },
  };
}

/** Of a node that belongs to a cluster. An agent has no static pods to show. */
async function startKubelet(files: HostFiles, signal: AbortSignal): Promise<void> {
  await useRenewedKubeletCertificate();
  if (existsSync(lastManifest)) await stageStaticPods('api-server', files.staticPods);
  await run(['systemctl', 'start', units.kubelet], { signal });
}

const controlPlane = ({ staticPods }: HostFiles) => ({
  stop: () => unstageStaticPods(staticPods),
  start: () => stageStaticPods('all', staticPods),
});

async function clear({ paths, files }: Node, signal: AbortSignal): Promise<void> {
  await rm(paths.initialised, { force: true });
  await reset(signal);
  await unstageStaticPods(files.staticPods);
}

/** Registers the bundle's images with containerd where they lie, unpacked, on the medium. */
async function attachImages(paths: Paths, pause: string, signal: AbortSignal): Promise<void> {
  const argv = [join(box.programs, 'attach'), '--address', paths.containerdSocket, '--namespace', 'k8s.io'];
  await run([...argv, '--bundle', paths.bundle, '--layers', paths.layers, '--pinned', pause, '--json'], {
    signal,
  });
}

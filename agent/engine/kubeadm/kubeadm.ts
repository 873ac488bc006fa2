import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EngineImages, engineImages } from '../../../contract/engine-images.ts';
import { box, persisted, units } from '../../../contract/layout.ts';
import type { Manifest } from '../../../contract/manifest.ts';
import type { BoxSite } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import type { Paths } from '../../board.ts';
import { readKubeconfig } from '../../kube/kubeconfig.ts';
import type { Engine, Self } from '../engine.ts';
import { drainNode } from '../nodes.ts';
import { adoptCluster } from './adopt.ts';
import { type Kubeadm, kubeadmService } from './command.ts';
import type { KubeadmInput } from './config.ts';
import { type EtcdAccess, etcdAccess } from './etcd/access.ts';
import { checkSnapshot, saveSnapshot } from './etcd/snapshot.ts';
import { type HostFiles, hostFiles, writeHostFiles } from './host-files.ts';
import { followServers, joinCluster, rememberMembership, startJoined } from './joined.ts';
import { useRenewedKubeletCertificate, writeKubeProxyKubeconfig } from './kubeconfigs.ts';
import { endJoin, mintJoin, revokeNode } from './membership.ts';
import { grantPodNetworkAccess, startPodNetwork } from './pod-network.ts';
import { hasRemains, reset } from './reset.ts';
import {
  isOwnControlPlane,
  keepOwnControlPlane,
  rewriteControlPlane,
  uploadControlPlane,
} from './rewrite.ts';
import { initialise, pointEndpoint } from './start.ts';
import { completeRestore, restoreState } from './state.ts';
import { stageStaticPods, unstageStaticPods } from './static-pods.ts';

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
  kubeadm: Kubeadm;
  /** Settles when kubeadm has nothing left to make in the cluster. */
  made: Promise<void>;
}

/** Upstream Kubernetes, started by kubeadm: static pods for the control plane, kubelet and kube-proxy as services. */
export function kubeadmEngine(site: BoxSite, paths: Paths, manifest: Manifest, self: Self): Engine {
  const images = engineImages(Object.keys(manifest.images), site.engine.version);
  const files = hostFiles(paths.run, CNI_DIRECTORY);
  const input = { site, images, self, containerdSocket: paths.containerdSocket, ...files };
  const etcd = etcdAccess([`https://${self.address}:2379`]);
  const kubeadm = kubeadmService(paths.run);
  const node: Node = { paths, images, self, files, input, etcd, kubeadm, made: Promise.resolve() };
  return {
    kind: 'kubeadm',
    kubeconfig: paths.bootstrapKubeconfig,
    keys: [persisted.kubernetes, ...kubeletFiles.map((name) => join(persisted.kubelet, name))],
    requiredImages: () => [images.etcd, images.coredns, images.pause, ...images.controlPlane],
    ...starting(node),
    ...joining(node),
    mintJoinToken: async (joiner, ttlMs, signal) => {
      // It would bring back what must not be there when there are tokens.
      await node.made;
      return await mintJoin({ etcd, kubeconfig: ADMIN }, joiner, ttlMs, signal);
    },
    endJoin: (name, signal) => endJoin({ kubeconfig: ADMIN }, name, signal),
    revoke: (name, signal) => revokeNode({ etcd, kubeconfig: ADMIN }, name, signal),
    drain: (name, limitMs, signal) => drainNode(['kubectl'], ADMIN, name, limitMs, signal),
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
  const { paths, images, self, files, input, kubeadm } = node;
  let rewritten = false;
  return {
    prepare: async (signal, mark) => {
      if (self.joins) await rememberMembership(self, paths.initialised);
      if (!existsSync(paths.initialised) && (await hasRemains())) await clear(node, signal);
      await completeRestore(persisted.etcd, controlPlane(files), signal);
      await writeHostFiles(files, input);
      if (!self.joins) await startPodNetwork(input.site, self, signal);
      await run(['systemctl', 'start', units.containerd], { signal });
      mark('containerd');
      await attachImages(paths, images.pause, signal);
      mark('images');
    },
    startServer: async (progress, signal) => {
      await pointEndpoint(files.hosts, self, self.address);
      if (!existsSync(paths.initialised)) {
        const { cluster, complete } = await initialise(kubeadm, files, paths.initialised, progress, signal);
        node.made = complete;
        return { cluster, complete: complete.then(() => keepOwnControlPlane(files)) };
      }
      rewritten = existsSync(paths.engineAdopted) || !(await isOwnControlPlane(files));
      await useRenewedKubeletCertificate();
      if (rewritten) await rewriteControlPlane(kubeadm, files, progress, signal);
      await startKubelet(files, signal);
      return { cluster: rewritten ? 'rewritten' : 'same', complete: Promise.resolve() };
    },
    startRest: async (signal) => {
      if (input.site.network.podNetwork !== 'none')
        await grantPodNetworkAccess(await readKubeconfig(paths.bootstrapKubeconfig), signal);
      await stageStaticPods('all', files.staticPods);
      if (rewritten) await uploadControlPlane(kubeadm, files, signal);
      if (existsSync(paths.engineAdopted)) {
        await adoptCluster(kubeadm, files, self.name, signal);
        await rm(paths.engineAdopted);
      }
      await writeKubeProxyKubeconfig(`https://${self.address}:6443`, Date.now());
      await run(['systemctl', 'start', '--no-block', units.kubeProxy], { signal });
    },
  };
}

type Joining = Pick<Engine, 'isMember' | 'join' | 'startJoined' | 'followServers'>;

function joining({ paths, self, files, input, kubeadm }: Node): Joining {
  const joined = { site: input.site, self, files, input, kubeadm, initialised: paths.initialised };
  return {
    isMember: () => existsSync(paths.initialised),
    join: (material, progress, signal) => joinCluster(joined, material, progress, signal),
    startJoined: (servers, progress, signal) => startJoined(joined, servers, progress, signal),
    followServers: (servers, signal) => followServers(joined, servers, signal),
  };
}

/** Of a server that belongs to a cluster. */
async function startKubelet(files: HostFiles, signal: AbortSignal): Promise<void> {
  await useRenewedKubeletCertificate();
  await stageStaticPods('api-server', files.staticPods);
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

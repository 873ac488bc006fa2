import { mkdir } from 'node:fs/promises';
import type { Kubeadm } from '../../../agent/engine/kubeadm/command.ts';
import { hostFiles, writeHostFiles } from '../../../agent/engine/kubeadm/host-files.ts';
import {
  isOwnControlPlane,
  keepOwnControlPlane,
  rewriteControlPlane,
} from '../../../agent/engine/kubeadm/rewrite.ts';
import { engineImages } from '../../../contract/engine-images.ts';
import { persisted } from '../../../contract/layout.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { run as runProgram } from '../../../host/process.ts';

/**
 * The starts of a box with one version of Kubernetes after another, as far as files go: `RUN VERSION…`. Writes
 * to /etc/kubernetes and /var/lib/kubelet, so it needs a mount namespace with others.
 */
const [run = '', ...versions] = process.argv.slice(2);
const { signal } = new AbortController();
const kubeadm: Kubeadm = async (args, onLine, stop) => {
  await runProgram(['kubeadm', ...args], { onLine, signal: stop });
};
const files = hostFiles(run, `${run}/cni`);

for (const version of versions) {
  const site = parseBoxSite({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab' },
    engine: { version },
  });
  const bundled = ['registry.k8s.io/etcd:3.6.8-0', 'registry.k8s.io/coredns/coredns:v1.14.7'];
  const images = engineImages([...bundled, 'cpiab.dev/oci/pause:1'], version);
  const self = {
    name: 'box',
    role: 'control-plane' as const,
    joins: false,
    address: '10.44.0.1',
    highlyAvailable: false,
  };
  const containerdSocket = '/run/containerd/containerd.sock';
  await mkdir(persisted.kubernetes, { recursive: true });
  await writeHostFiles(files, { site, images, self, containerdSocket, ...files });
  const own = await isOwnControlPlane(files);
  process.stdout.write(`${version} ${own ? 'as it is' : 'written'}\n`);
  if (own) continue;
  await rewriteControlPlane(kubeadm, files, () => {}, signal);
  await keepOwnControlPlane(files);
}

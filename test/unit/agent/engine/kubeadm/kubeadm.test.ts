import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { nodePodNetwork } from '../../../../../agent/engine/kubeadm/addresses.ts';
import { type HostFiles, hostFiles, writeHostFiles } from '../../../../../agent/engine/kubeadm/host-files.ts';
import { mountsBelow } from '../../../../../agent/engine/leftovers.ts';
import { engineImages } from '../../../../../contract/engine-images.ts';
import { type BoxSite, parseBoxSite } from '../../../../../contract/site.ts';

const site = parseBoxSite({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
  network: {
    ...{ nodeAddress: '10.9.0.1', podCIDR: '10.8.0.0/16', serviceCIDR: '10.7.0.0/16' },
    podNetwork: 'vxlan',
  },
});
const digest = `sha256:${'0'.repeat(64)}` as const;
const bundled = {
  'registry.k8s.io/etcd:3.6.8-0': digest,
  'registry.k8s.io/coredns/coredns:v1.14.7': digest,
  'cpiab.dev/oci/pause:0.2.1': digest,
};
let directory: string;
let files: HostFiles;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-engine-'));
  files = hostFiles(join(directory, 'run'), join(directory, 'cni'));
  await writeFor(site);
});

async function writeFor(asked: BoxSite): Promise<void> {
  const images = engineImages(Object.keys(bundled), 'v1.36.3');
  await writeHostFiles(files, {
    site: asked,
    images,
    self: {
      name: 'box',
      role: 'control-plane' as const,
      joins: false,
      address: '10.9.0.1',
      highlyAvailable: false,
    },
    containerdSocket: '/run/c.sock',
    ...files,
  });
}
afterEach(() => rm(directory, { recursive: true }));

describe('what kubeadm is told', () => {
  test("the site's networks and version, the bundle's tags", async () => {
    const documents = parseAllDocuments(await readFile(files.kubeadm, 'utf8')).map((document) =>
      document.toJS(),
    );
    const [init, cluster, kubelet] = documents;
    expect(init).toMatchObject({
      localAPIEndpoint: { advertiseAddress: '10.9.0.1' },
      nodeRegistration: {
        name: 'box',
        criSocket: 'unix:///run/c.sock',
        taints: [],
        imagePullPolicy: 'Never',
      },
    });
    expect(cluster).toMatchObject({
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kubernetesVersion: 'v1.36.3',
      encryptionAlgorithm: 'ECDSA-P256',
      networking: { podSubnet: '10.8.0.0/16', serviceSubnet: '10.7.0.0/16' },
      etcd: { local: { imageTag: '3.6.8-0' } },
      dns: { imageTag: 'v1.14.7' },
      proxy: { disabled: true },
    });
    expect(kubelet).toMatchObject({ cgroupDriver: 'systemd', resolvConf: files.resolvConf });
    expect(documents).toHaveLength(3);
  });

  test('one CoreDNS, by a patch whose name kubeadm understands', async () => {
    const patch = await readFile(join(files.patches, 'corednsdeployment+strategic.json'), 'utf8');
    expect(JSON.parse(patch)).toEqual({ spec: { replicas: 1 } });
  });

  test('the control plane asks for no more than by kubeadm, and its storage and API for most of it', async () => {
    const parts = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
    const asked = await Promise.all(
      parts.map(async (part) => {
        const patch = JSON.parse(await readFile(join(files.patches, `${part}+strategic.json`), 'utf8'));
        const [container] = patch.spec.containers;
        expect(container.name).toBe(part);
        return Number.parseInt(container.resources.requests.cpu, 10);
      }),
    );
    const [etcd = 0, server = 0, ...others] = asked;
    // Source: kubeadm v1.36, app/phases/etcd and app/phases/controlplane: 100m, 250m, 200m, 100m.
    expect(asked.reduce((sum, one) => sum + one)).toBe(650);
    expect(Math.min(etcd, server)).toBeGreaterThan(Math.max(...others));
  });
});

test("names outside of the cluster are asked of the site's servers, and of nobody where it names none", async () => {
  const servers = async () => (await readFile(files.resolvConf, 'utf8')).match(/^nameserver .*/gm);
  expect(await servers()).toEqual(['nameserver 10.9.0.1']);
  const nameservers = ['192.0.2.53', '192.0.2.54'];
  await writeFor({ ...site, network: { ...site.network, nameservers } });
  expect(await servers()).toEqual(nameservers.map((server) => `nameserver ${server}`));
});

test("containerd holds pods together with the bundle's image", async () => {
  expect(await readFile(files.containerd, 'utf8')).toContain("sandbox = 'cpiab.dev/oci/pause:0.2.1'");
});

test("kube-proxy uses nftables, and knows the pods' network", async () => {
  expect(parse(await readFile(files.kubeProxy, 'utf8'))).toMatchObject({
    mode: 'nftables',
    clusterCIDR: '10.8.0.0/16',
  });
});

test("pods get addresses of this node's part of their network", async () => {
  const { plugins } = JSON.parse(await readFile(files.cni, 'utf8'));
  expect(plugins[0].ipam.ranges).toEqual([[{ subnet: '10.8.0.0/24' }]]);
  // What comes after it could start before policies are in force.
  expect(plugins.at(-1).type).toBe('pod-network');
  expect(nodePodNetwork('10.8.0.0/16')).toBe('10.8.0.0/24');
  expect(nodePodNetwork('10.8.0.128/25')).toBe('10.8.0.128/25');
});

test('a pod waits for nobody where the site has no policies enforced', async () => {
  const images = engineImages(Object.keys(bundled), 'v1.36.3');
  const self = {
    name: 'box',
    role: 'control-plane' as const,
    joins: false,
    address: '10.9.0.1',
    highlyAvailable: false,
  };
  const open = { ...site, network: { ...site.network, podNetwork: 'none' as const } };
  await writeHostFiles(files, { site: open, images, self, containerdSocket: '/run/c.sock', ...files });
  expect(await readFile(files.cni, 'utf8')).not.toContain('pod-network');
});

test('an image that the bundle lacks is asked for by its name', () => {
  const images = engineImages([], 'v1.36.3');
  expect([images.etcd, images.pause]).toEqual(['registry.k8s.io/etcd', 'cpiab.dev/oci/pause']);
});

test('mounts are taken away deepest first, and no others', () => {
  const mountinfo = [
    '20 1 0:1 / / rw - overlay o rw',
    '21 20 0:2 / /var/lib/kubelet rw - tmpfs t rw',
    '22 21 0:3 / /var/lib/kubelet/pods/a/volumes/x rw - tmpfs t rw',
    '23 22 0:3 / /var/lib/kubelet/pods/a/volumes/x/in\\040side rw - tmpfs t rw',
    '24 20 0:4 / /var/lib/kubelet-other/x rw - tmpfs t rw',
    '',
  ].join('\n');
  expect(mountsBelow(mountinfo, ['/var/lib/kubelet'])).toEqual([
    '/var/lib/kubelet/pods/a/volumes/x/in side',
    '/var/lib/kubelet/pods/a/volumes/x',
  ]);
});

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster, type Server, whyNoCluster } from '../../support/cluster/cluster.ts';

const ADMIN = '/etc/kubernetes/admin.conf';
const cluster = new Cluster();
let server: Server;

beforeAll(async () => {
  const why = await whyNoCluster();
  if (why !== null) throw new Error(`no control plane can be tried on this host: ${why}`);
  await cluster.open();
  server = cluster.server(1);
});
afterAll(() => cluster.close());

const kubectl = async (...args: string[]) =>
  (await server.machine.run(['kubectl', '--kubeconfig', ADMIN, ...args])).stdout;

/** Takes the power away, and starts it by a version that calls the cluster so. @returns whether its control plane was there. */
async function startedAs(name: string): Promise<boolean> {
  await cluster.cut(server);
  // On a box it is in memory.
  await rm(join(server.run, 'static-pods'), { recursive: true });
  await cluster.start(server);
  return await cluster.order<boolean>(server, { do: 'restart', as: name });
}

async function isCalled(name: string): Promise<void> {
  const manifest = server.machine.path('etc/kubernetes/manifests/kube-controller-manager.yaml');
  expect(await readFile(manifest, 'utf8')).toContain(`--cluster-name=${name}\n`);
  expect(
    await kubectl('--namespace', 'kube-system', 'get', 'configmap', 'kubeadm-config', '--output', 'yaml'),
  ).toContain(`clusterName: ${name}\n`);
  expect(await kubectl('get', 'configmap', 'kept', '--output', 'name')).toBe('configmap/kept\n');
  expect(
    await kubectl('--namespace', 'kube-system', 'get', 'deployment', 'coredns', '--output', 'name'),
  ).toContain('coredns');
}

test('a cluster runs on under a version with another control plane, and under the one before when that comes back', async () => {
  await cluster.init(server);
  await kubectl('create', 'configmap', 'kept');
  expect(await startedAs('harbour')).toBe(false);
  await isCalled('harbour');
  expect(await startedAs('harbour')).toBe(true);
  await isCalled('harbour');
  expect(await startedAs('lab')).toBe(false);
  await isCalled('lab');
});

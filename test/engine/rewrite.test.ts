import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { run } from '../../host/process.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { kubePrograms } from '../support/kube-programs.ts';

const path = keptDirectory();
const program = join(import.meta.dirname, '../support/cluster/rewrite.ts');

beforeAll(() => kubePrograms(path('bin')));

/** Lays empty directories over the host's own, for one process and what it starts. */
const OVER = `set -e
for at in etc var/lib; do mount -t overlay overlay -o "lowerdir=/$at,upperdir=$1/$at,workdir=$1/work/$at" "/$at"; done
shift
exec "$@"`;

/** Starts a box with one version of Kubernetes after another. @returns what it says of each. */
async function starts(...versions: string[]): Promise<string[]> {
  for (const at of ['etc', 'var/lib', 'work/etc', 'work/var/lib'])
    await mkdir(path('disk', at), { recursive: true });
  const child = [process.execPath, program, path('run'), ...versions];
  const { stdout } = await run(['unshare', '--mount', 'sh', '-c', OVER, 'sh', path('disk'), ...child]);
  return stdout.trim().split('\n');
}

/** What the static pods run. */
async function images(): Promise<string[]> {
  const manifests = path('disk/etc/kubernetes/manifests');
  const texts = await Promise.all(
    (await readdir(manifests)).toSorted().map((name) => readFile(join(manifests, name), 'utf8')),
  );
  return texts.map((text) => /^ +image: (.*)$/m.exec(text)?.[1] ?? '');
}

test('the control plane is that of the version that starts, up and back, and written only when it is not', async () => {
  expect(await starts('v1.36.2', 'v1.36.2')).toEqual(['v1.36.2 written', 'v1.36.2 as it is']);
  expect(await images()).toContain('registry.k8s.io/kube-apiserver:v1.36.2');
  expect(await starts('v1.36.3')).toEqual(['v1.36.3 written']);
  expect(await images()).toEqual([
    'registry.k8s.io/etcd:3.6.8-0',
    'registry.k8s.io/kube-apiserver:v1.36.3',
    'registry.k8s.io/kube-controller-manager:v1.36.3',
    'registry.k8s.io/kube-scheduler:v1.36.3',
  ]);
  expect(await readFile(path('disk/var/lib/kubelet/config.yaml'), 'utf8')).toContain('staticPodPath');
  expect(await starts('v1.36.2')).toEqual(['v1.36.2 written']);
  expect(await images()).toContain('registry.k8s.io/kube-scheduler:v1.36.2');
});

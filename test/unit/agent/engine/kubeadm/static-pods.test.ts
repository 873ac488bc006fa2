import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stageStaticPods, unstageStaticPods } from '../../../../../agent/engine/kubeadm/static-pods.ts';

let directory: string;
const manifests = () => join(directory, 'manifests');
const staged = () => join(directory, 'run', 'static-pods');

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-static-'));
  await mkdir(manifests());
  for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
    await writeFile(join(manifests(), `${name}.yaml`), `name: ${name}\n`);
  await writeFile(join(manifests(), '.kube-scheduler.tmp'), 'half');
});
afterEach(() => rm(directory, { recursive: true }));

describe('stageStaticPods', () => {
  test('shows the API server and its store first, then everything, and reads the files themselves', async () => {
    await stageStaticPods('api-server', staged(), manifests());
    expect((await readdir(staged())).toSorted()).toEqual(['etcd.yaml', 'kube-apiserver.yaml']);
    await stageStaticPods('all', staged(), manifests());
    expect((await readdir(staged())).toSorted()).toEqual([
      'etcd.yaml',
      'kube-apiserver.yaml',
      'kube-controller-manager.yaml',
      'kube-scheduler.yaml',
    ]);
    expect(await readFile(join(staged(), 'kube-scheduler.yaml'), 'utf8')).toBe('name: kube-scheduler\n');
  });

  test('may be done again, and undone', async () => {
    await stageStaticPods('all', staged(), manifests());
    await stageStaticPods('all', staged(), manifests());
    await unstageStaticPods(staged());
    expect(await readdir(staged())).toEqual([]);
    expect(await readdir(manifests())).toContain('etcd.yaml');
  });
});

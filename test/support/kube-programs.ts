import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readSite } from '../../builder/config/read-site.ts';
import { openBuildRoot } from '../../builder/fetch/build-root.ts';
import { compileProgram, readPrograms } from '../../builder/fetch/programs.ts';
import { goToolchain } from '../../builder/fetch/toolchain.ts';
import { readLock } from '../../builder/lock/read.ts';
import { cacheRoot } from '../../host/cache.ts';
import { run } from '../../host/process.ts';
import { quietHost } from './quiet-host.ts';

const repository = dirname(dirname(import.meta.dirname));
const names = ['etcd', 'etcdctl', 'etcdutl', 'kubeadm', 'kubectl', 'kubelet', 'kube-apiserver'];
const controllers = ['kube-controller-manager', 'kube-scheduler'];

/**
 * Puts the box's own Kubernetes and etcd into a directory, by the names that they are called by, and
 * the directory in front of this process's PATH. After a build they come from its cache.
 */
export async function kubePrograms(directory: string): Promise<void> {
  const host = quietHost(repository, cacheRoot());
  const site = await readSite(repository, 'lab');
  const { lock } = await readLock(repository, site);
  const root = await openBuildRoot(site, lock, host);
  const program = (await readPrograms(repository)).find(({ name }) => name === 'kube');
  if (program === undefined) throw new Error('no program kube');
  const { files } = await compileProgram(program, await goToolchain(root, host), host);
  if (files['kube'] === undefined) throw new Error('kube compiles to something else');
  await mkdir(directory, { recursive: true });
  const kube = join(directory, 'kube');
  // The pool's files are not executable.
  await run(['install', '--mode=755', files['kube'].path, kube]);
  for (const name of [...names, ...controllers]) await symlink('kube', join(directory, name));
  process.env['PATH'] = `${directory}:${process.env['PATH']}`;
}

import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readSite } from '../../builder/config/read-site.ts';
import { openBuildRoot } from '../../builder/fetch/build-root.ts';
import { generateCrds } from '../../builder/fetch/crds.ts';
import { compileProgram, readPrograms } from '../../builder/fetch/programs.ts';
import { goToolchain } from '../../builder/fetch/toolchain.ts';
import { readLock } from '../../builder/lock/read.ts';
import type { Program } from '../../contract/programs.ts';
import { cacheRoot } from '../../host/cache.ts';
import { run } from '../../host/process.ts';
import { quietHost } from './quiet-host.ts';

const repository = dirname(dirname(import.meta.dirname));
const names = ['etcd', 'etcdctl', 'etcdutl', 'kubeadm', 'kubectl', 'kubelet', 'kube-apiserver', 'kube-proxy'];
const controllers = ['kube-controller-manager', 'kube-scheduler'];

/**
 * Puts the box's own Kubernetes and etcd into a directory, by the names that they are called by, and
 * the directory in front of this process's PATH. After a build they come from its cache.
 */
export async function kubePrograms(directory: string): Promise<void> {
  await programFiles('kube', directory);
  for (const name of [...names, ...controllers]) await symlink('kube', join(directory, name));
  process.env['PATH'] = `${directory}:${process.env['PATH']}`;
}

/** Puts what one program of the box compiles to into a directory. */
export async function programFiles(named: string, directory: string): Promise<void> {
  await compileInto(await programNamed(named), directory);
}

/** Compiles a program as those of the box are, with the toolchain of its lock. */
export async function compileInto(program: Program, directory: string): Promise<void> {
  const { files } = await compiled(program);
  await mkdir(directory, { recursive: true });
  for (const { bin } of program.outputs) {
    const file = files[bin];
    if (file === undefined) throw new Error(`${program.name} does not compile to ${bin}`);
    // The pool's files are not executable.
    await run(['install', '--mode=755', file.path, join(directory, bin)]);
  }
}

/** Flux's resource definitions, as a build makes them. @returns the file's path. */
export async function fluxCrds(): Promise<string> {
  const { files, toolchain, host } = await compiled(await programNamed('controller-gen'));
  const generator = files['controller-gen'];
  if (generator === undefined) throw new Error('controller-gen compiles to something else');
  return (await generateCrds(generator, toolchain, host)).file.path;
}

async function programNamed(named: string): Promise<Program> {
  const program = (await readPrograms(repository)).find(({ name }) => name === named);
  if (program === undefined) throw new Error(`no program ${named}`);
  return program;
}

async function compiled(program: Program) {
  const host = quietHost(repository, cacheRoot());
  const site = await readSite(repository, 'lab');
  const { lock } = await readLock(repository, site);
  const toolchain = await goToolchain(await openBuildRoot(site, lock, host), host);
  const { files } = await compileProgram(program, toolchain, host);
  return { files, toolchain, host };
}

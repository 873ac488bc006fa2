import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { persisted, restoring } from '../../contract/layout.ts';
import { renameDurably, syncDirectory, writeAtomic } from '../../host/files.ts';
import { boxNames } from './members.ts';

const workload = ['engine-snapshot', 'git', 'artifacts', 'volumes'];
/** All that a restore replaces. The rest belongs to the machine and its medium. */
const replaced = [...workload, ...boxNames, ...Object.keys(persisted)];
/** All that a landing replaces: who the box is, and whom its cluster trusts, stays. */
const replacedByCargo = [...workload, 'containerd', 'etcd', 'cni', 'kubelet/pods'];

/**
 * Puts a staged backup in place, before anything of the box has started. May be cut off at any point and begun again:
 * what was there is removed first, and only when all of it is gone does the new move in, each name by one rename.
 * @returns whether there was one.
 */
export async function finishRestore(state: string): Promise<boolean> {
  await rm(join(state, restoring.fresh), { recursive: true, force: true });
  const staged = join(state, restoring.staged);
  if (!existsSync(staged)) return false;
  const emptied = join(staged, 'emptied');
  if (!existsSync(emptied)) {
    const isLanding = existsSync(join(staged, 'tree', 'engine-adopted'));
    for (const name of isLanding ? replacedByCargo : replaced) await empty(join(state, name));
    await syncDirectory(state);
    await writeAtomic(emptied, '');
  }
  const tree = join(staged, 'tree');
  for (const name of await readdir(tree)) await moveIn(join(tree, name), join(state, name));
  await syncDirectory(state);
  // By one rename: half removed, it would be begun again, by emptying what was restored.
  await renameDurably(staged, join(state, restoring.fresh));
  await rm(join(state, restoring.fresh), { recursive: true });
  return true;
}

/** A directory stays, since it may be mounted elsewhere too. */
async function empty(path: string): Promise<void> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR' || error.code === 'ENOENT') return null;
    throw error;
  });
  if (names === null) return await rm(path, { force: true });
  for (const name of names) await rm(join(path, name), { recursive: true, force: true });
  await syncDirectory(path);
}

async function moveIn(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (names === null || !existsSync(to)) return await rename(from, to);
  await mkdir(to, { recursive: true });
  for (const name of names) await rename(join(from, name), join(to, name));
  await syncDirectory(to);
}

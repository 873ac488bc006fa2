import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceAt, type KernelPaths, kernelPaths } from '../slots/disk.ts';
import type { Watch } from './watch.ts';

/**
 * Whether the medium is still there. The mount stays when a stick is pulled, and what is in memory goes on working:
 * only the kernel's list of devices tells. An emptied drive stays in it, with no size.
 * @param medium where it is mounted.
 */
export function watchMedium(medium: string, paths: KernelPaths = kernelPaths): Watch {
  return async () => {
    const number = deviceAt(await readFile(paths.mountinfo, 'utf8'), medium);
    if (number === null) return null;
    const size = await readFile(join(paths.blockDevices, number, 'size'), 'utf8').catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '0';
        throw error;
      },
    );
    if (Number(size) > 0) return null;
    return {
      problem: 'the medium that this box runs from was removed: what is not in memory can no longer be read',
      nextAction: 'put the medium back and restart the box; what it holds is kept when its state is on disk',
    };
  };
}

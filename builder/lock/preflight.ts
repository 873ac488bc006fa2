import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { ensureDirectory, freeBytes } from '../../host/files.ts';

export interface Preflight {
  cacheRoot: string;
  /** Output directory, existing or not. */
  out: string;
}

/**
 * Checks before any work that both places can be written and have room.
 * @throws CpiabError E4004 (cache), E4012 (output directory), E4008 (disk space).
 */
export async function preflight(lock: Lock, { cacheRoot, out }: Preflight): Promise<void> {
  await writable(cacheRoot, 'E4004');
  await writable(out, 'E4012');
  // Compiled objects are most of the estimate; where they are, only media in the making need room.
  const compiled = await stat(join(cacheRoot, 'products', 'go')).catch(() => null);
  const growth = compiled === null ? lock.sizes.cache : lock.sizes.output;
  // The two often share a file system, and then what one takes the other lacks.
  const shared = (await stat(cacheRoot)).dev === (await stat(out)).dev;
  await room(out, lock.sizes.output + (shared ? growth : 0));
  await room(cacheRoot, shared ? 0 : growth);
}

async function writable(directory: string, code: 'E4004' | 'E4012'): Promise<void> {
  try {
    await ensureDirectory(directory);
    await access(directory, constants.W_OK);
  } catch (cause) {
    throw new CpiabError(code, { subject: directory, cause });
  }
}

async function room(directory: string, needed: number): Promise<void> {
  const free = await freeBytes(directory);
  if (free < needed) throw new CpiabError('E4008', { subject: directory, args: [gib(needed), gib(free)] });
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { formatBytes } from '../../contract/units.ts';
import { freeBytes, nearestDirectory } from '../../host/files.ts';
import { type Finding, fail, pass } from './finding.ts';

export interface Places {
  cacheRoot: string;
  /** Output directory, existing or not. */
  out: string;
}

/**
 * Whether both places can be written and have room. Makes nothing.
 * Errors: E4004 (cache), E4012 (output directory), E4008 (disk space).
 */
export async function checkDisk(lock: Lock, { cacheRoot, out }: Places): Promise<Finding[]> {
  const cache = { id: 'cache', title: 'cache', path: cacheRoot, code: 'E4004' as const };
  const output = { id: 'output', title: 'output', path: out, code: 'E4012' as const };
  // Compiled objects are most of the estimate; where they are, only media in the making need room.
  const compiled = await stat(join(cacheRoot, 'products', 'go')).catch(() => null);
  const growth = compiled === null ? lock.sizes.cache : lock.sizes.output;
  const shared = await onOneDisk(cacheRoot, out);
  return await Promise.all([
    // The two often share a file system, and then what one takes the other lacks.
    checkPlace(cache, shared ? 0 : growth),
    checkPlace(output, lock.sizes.output + (shared ? growth : 0)),
  ]);
}

interface Place {
  id: string;
  title: string;
  path: string;
  code: 'E4004' | 'E4012';
}

async function checkPlace({ path, code, ...about }: Place, needed: number): Promise<Finding> {
  const nearest = await nearestDirectory(path).catch(() => null);
  try {
    await access(nearest ?? path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    return fail(about, new CpiabError(code, { subject: path, cause }));
  }
  const free = await freeBytes(nearest ?? path);
  if (free < needed)
    return fail(about, new CpiabError('E4008', { subject: path, args: [gib(needed), gib(free)] }));
  return pass(about, `${path}, ${formatBytes(free)} free`);
}

async function onOneDisk(a: string, b: string): Promise<boolean> {
  const devices = await Promise.all(
    [a, b].map(async (path) => (await stat(await nearestDirectory(path).catch(() => '/'))).dev),
  );
  return devices[0] === devices[1];
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

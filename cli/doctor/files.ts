import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { LockSchema } from '../../contract/lock.ts';
import { formatBytes } from '../../contract/units.ts';
import { cacheRoot } from '../../host/cache.ts';
import { ensureDirectory, freeBytes, nearestDirectory } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

/** Cache and output of site lab, bytes: asked for while no lock says better. */
const DISK_NEEDED = 12e9;

export const cacheCheck: Check = {
  id: 'cache',
  title: 'cache directory',
  neededBy: ['build', 'boot', 'lock', 'test'],
  look: async () => {
    const root = cacheRoot();
    const probe = join(root, `.doctor-${randomBytes(4).toString('hex')}`);
    try {
      await ensureDirectory(root);
      await writeFile(probe, '');
      await rm(probe);
      return pass(root);
    } catch (error) {
      return fail((error as Error).message, 'set CPIAB_CACHE to a directory that you can write');
    }
  },
};

export const diskCheck: Check = {
  id: 'disk',
  title: 'disk space',
  neededBy: [],
  look: async ({ repository }) => {
    const needed = await neededBytes(join(repository, 'config', 'clusters', 'lab.lock.json'));
    const free = await freeBytes(await nearestDirectory(cacheRoot()));
    const detail = `${formatBytes(free)} free`;
    if (free >= needed) return pass(detail);
    return warn(
      detail,
      `a first build of site lab needs ${formatBytes(needed)}; set CPIAB_CACHE to a larger disk`,
    );
  },
};

const SizesSchema = z.looseObject({ sizes: LockSchema.shape.sizes });

async function neededBytes(lockFile: string): Promise<number> {
  // A lock that can't be read is the next build's business.
  const text = await readFile(lockFile, 'utf8').catch(() => '');
  const sizes = SizesSchema.safeParse(jsonOrNull(text)).data?.sizes;
  return sizes === undefined ? DISK_NEEDED : sizes.cache + sizes.output;
}

export const keysCheck: Check = {
  id: 'keys',
  title: 'site keys',
  neededBy: [],
  look: async () => {
    const { keysDirectory } = await import('../../builder/bundle/keys.ts');
    const folder = dirname(keysDirectory('any'));
    const sites = (await readdir(folder).catch(() => [])).toSorted();
    if (sites.length === 0) return pass(`none yet: the first build makes them in ${folder}`);
    return await readableByOthers(folder, sites);
  },
};

async function readableByOthers(folder: string, sites: string[]): Promise<Finding> {
  for (const site of sites) {
    for (const name of ['minisign.key', 'operator.key', 'operator-ca.key']) {
      const path = join(folder, site, name);
      const mode = (await stat(path).catch(() => null))?.mode ?? 0;
      if ((mode & 0o077) !== 0) return fail(`others can read ${path}`, `chmod 600 ${path}`);
    }
  }
  return pass(`${sites.join(', ')} in ${folder}`);
}

import { join } from 'node:path';
import type { BuildHost } from '../builder/host.ts';
import { Cache, cacheRoot } from '../host/cache.ts';
import { ensureDirectory, writeAtomic } from '../host/files.ts';
import type { CliContext } from './context.ts';

/** What the builder needs from outside, as the command line has it. */
export function buildHost({ repository, progress, signal }: CliContext): BuildHost {
  const cache = new Cache(cacheRoot());
  return {
    repository,
    cache,
    progress,
    signal,
    writeLog: async (name, text) => {
      const path = join(await ensureDirectory(join(cache.root, 'logs')), `${name}.log`);
      await writeAtomic(path, text);
      return path;
    },
  };
}

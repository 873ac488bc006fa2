import type { BuildHost } from '../../builder/host.ts';
import { Cache } from '../../host/cache.ts';

/** What stages need from outside: shows no progress, keeps no logs, never stops. */
export function quietHost(repository: string, cache: string): BuildHost {
  return {
    repository,
    cache: new Cache(cache),
    progress: () => {},
    signal: new AbortController().signal,
    writeLog: async (name) => name,
  };
}

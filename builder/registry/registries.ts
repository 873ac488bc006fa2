import type { Site } from '../../contract/site.ts';
import { readCertificates } from '../download/trust.ts';
import { authFiles, findCredentials } from './credentials.ts';
import { Registry } from './registry.ts';

/** Where Docker's own registry answers; its name in references is another one. */
const DOCKER_API = 'registry-1.docker.io';

/** The registries of one piece of work, each opened when it is first asked for. */
export interface Registries {
  of(host: string): Promise<Registry>;
  close(): Promise<void>;
}

/** @param repository absolute path; certificates that the site names lie in it. */
export function openRegistries(site: Site, repository: string, signal: AbortSignal): Registries {
  const open = new Map<string, Promise<Registry>>();
  return {
    of: async (host) => {
      const known = open.get(host) ?? openRegistry(host, site, repository, signal);
      open.set(host, known);
      return await known;
    },
    close: async () => {
      const settled = await Promise.allSettled(open.values());
      for (const one of settled) if (one.status === 'fulfilled') await one.value.close();
    },
  };
}

/** Addresses to ask in order: the site's mirrors, then the registry's own. */
export function registryBases(host: string, site: Site): URL[] {
  const { mirrors = [] } = site.registries[host] ?? {};
  const own = `https://${host === 'docker.io' ? DOCKER_API : host}`;
  return [...mirrors, own].map((address) => new URL(address.replace(/\/*$/, '/')));
}

async function openRegistry(host: string, site: Site, repository: string, signal: AbortSignal) {
  const { ca } = site.registries[host] ?? {};
  const bases = registryBases(host, site);
  const files = authFiles();
  return new Registry(host, {
    bases,
    ...(ca !== undefined && { ca: await readCertificates(repository, ca) }),
    // A mirror has a login of its own.
    credentials: async (base) =>
      await findCredentials(base === bases.at(-1) ? host : base.host, files, signal),
    signal,
  });
}

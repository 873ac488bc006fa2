import type { BoxSite } from '../../contract/site.ts';
import { keysDirectory } from '../bundle/keys.ts';
import { openBuildRoot } from '../fetch/build-root.ts';
import { fetchTool } from '../fetch/tools.ts';
import type { BuildHost } from '../host.ts';
import { readLock } from '../lock/read.ts';
import { Sops } from './sops.ts';

/** What every work on a site's Secrets needs. */
export interface Workbench {
  /** Absolute path of the work tree. */
  repository: string;
  site: BoxSite;
  /** Directory of the site's keys. */
  keys: string;
  /** Path of the locked program. */
  program: string;
  /** SOPS with a file of identities. */
  sops: (keyFile: string) => Sops;
  signal: AbortSignal;
}

/** Gets the locked SOPS: compiled at the first use. @throws CpiabError what `readLock` and `fetchTool` throw. */
export async function openWorkbench(site: BoxSite, host: BuildHost): Promise<Workbench> {
  const { repository, signal } = host;
  const { lock } = await readLock(repository, site);
  const root = await openBuildRoot(site, lock, host);
  const { path: program } = await fetchTool('sops', root, host);
  const sops = (keyFile: string) => new Sops({ program, sandbox: root.sandbox, keyFile, signal });
  return { repository, site, keys: keysDirectory(site.name), program, sops, signal };
}

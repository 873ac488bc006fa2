import type { Site } from '../../contract/site.ts';
import { run } from '../../host/process.ts';

/** Base address of each archive, without a slash at its end. */
export interface Mirrors {
  debian: string;
  'debian-security': string;
}

/**
 * Where Debian comes from: the site's mirror, else the one that this machine's apt is set up with.
 * @throws Error when neither names one.
 */
export async function debianMirrors(site: Site, signal: AbortSignal): Promise<Mirrors> {
  if (site.debian.mirror !== undefined) return fromBase(site.debian.mirror);
  const { stdout } = await run(['apt-get', 'indextargets', '--format', '$(LABEL)\t$(REPO_URI)'], { signal });
  const rows = stdout.split('\n').map((line) => line.split('\t'));
  const found = (label: string) => trimmed(rows.find(([name]) => name === label)?.[1] ?? '');
  const debian = found('Debian');
  if (debian === '')
    throw new Error('apt on this machine names no Debian mirror: set debian.mirror in the site');
  return { debian, 'debian-security': found('Debian-Security') || fromBase(debian)['debian-security'] };
}

/** Mirrors keep security updates beside the archive, under its name with `-security`. */
function fromBase(mirror: string): Mirrors {
  const debian = trimmed(mirror);
  return { debian, 'debian-security': `${debian}-security` };
}

const trimmed = (address: string) => address.replace(/\/+$/, '');

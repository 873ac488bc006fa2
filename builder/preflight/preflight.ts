import { availableParallelism } from 'node:os';
import type { Lock } from '../../contract/lock.ts';
import type { MediaKind } from '../../contract/media.ts';
import type { Preflight } from '../../contract/preflight.ts';
import type { Site } from '../../contract/site.ts';
import { availableMemory } from '../../host/memory.ts';
import type { BuildHost } from '../host.ts';
import { readTimes } from '../times.ts';
import { checkClock } from './clock.ts';
import { checkDisk } from './disk.ts';
import { estimate } from './estimate.ts';
import type { Finding } from './finding.ts';
import { suppliesOf } from './hosts.ts';
import { checkMemory } from './memory.ts';
import { checkReach } from './reach.ts';
import { checkTools } from './tools.ts';
import { planWork, type Work } from './work.ts';

export interface PreflightInput {
  site: Site;
  lock: Lock;
  /** Output directory, existing or not. */
  out: string;
  /** The media to write; the site's own unless told. */
  media?: readonly MediaKind[] | undefined;
}

/** What was found, and the errors of what failed. */
export interface Flight {
  document: Preflight;
  findings: Finding[];
}

/** Looks before any work whether the build can go well here, and how long it will take. Makes nothing. */
export async function preflight(
  { site, lock, out, media }: PreflightInput,
  host: BuildHost,
): Promise<Flight> {
  const work = await planWork(site, lock, host, media);
  const places = { cacheRoot: host.cache.root, out };
  const [disk, memory, tools, reach, times] = await Promise.all([
    checkDisk(lock, places),
    availableMemory(),
    checkTools(),
    suppliesOf(site, lock, work, host).then((supplies) => checkReach(supplies, host.signal)),
    readTimes(host.cache),
  ]);
  const compiles = work.programs.map(({ name }) => name);
  const clock = checkClock(site, lock, Math.floor(Date.now() / 1000));
  const findings = [...disk, checkMemory(compiles, memory), clock, tools, ...reach];
  return {
    findings,
    document: {
      apiVersion: 'cpiab.dev/v1',
      kind: 'Preflight',
      site: site.name,
      ready: findings.every(({ error }) => error === undefined),
      checks: findings.map(({ check }) => check),
      parts: partsOf(work),
      estimate: estimate(work, times, availableParallelism()),
    },
  };
}

function partsOf({ debs, programs, node, published, assembled, media }: Work): string[] {
  return [
    ...(debs.count > 0 ? [`${debs.count} Debian packages`] : []),
    ...(node ? ['Node.js'] : []),
    ...(published.bytes > 0 ? ['published images and charts'] : []),
    ...programs.map(({ name }) => name),
    ...assembled,
    ...media,
  ];
}

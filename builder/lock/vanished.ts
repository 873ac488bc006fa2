import { stat } from 'node:fs/promises';
import { request } from 'undici';
import { CpiabError } from '../../contract/errors.ts';
import type { DebianPackage, Lock } from '../../contract/lock.ts';
import type { DriftEntry } from '../../contract/lock-drift.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import { debianMirrors } from './mirrors.ts';
import { lockPath } from './read.ts';
import { planLock } from './update.ts';

/** Questions to the mirror at a time. */
const PARALLEL = 16;
const LIMIT_MS = 10_000;

/**
 * Looks for every locked package that the cache lacks on the mirror, before any work. What the mirror doesn't
 * answer is for the download to find out.
 * @throws CpiabError E3008 with what would be locked instead, when one is not there.
 */
export async function refuseVanished(site: Site, lock: Lock, host: BuildHost): Promise<void> {
  const gone = await vanishedPackages(site, lock, host);
  if (gone.length === 0) return;
  const names = gone.map(({ name, version }) => `${name} ${version}`).join(', ');
  throw new CpiabError('E3008', {
    subject: lockPath(host.repository, site.name),
    args: [`not on the mirror any more: ${names}`],
    drift: await insteadOf(gone, site, host),
  });
}

async function vanishedPackages(site: Site, lock: Lock, host: BuildHost): Promise<DebianPackage[]> {
  const missing: DebianPackage[] = [];
  for (const deb of lock.debian.packages) {
    const found = await stat(host.cache.blobPath(deb.sha256)).catch(() => null);
    if (found?.size !== deb.size) missing.push(deb);
  }
  if (missing.length === 0) return [];
  const mirrors = await debianMirrors(site, host.signal);
  const turns = { parallel: PARALLEL, signal: host.signal };
  const answers = await inTurn(missing, turns, async (deb, signal) =>
    (await isGone(`${mirrors[deb.archive]}/${deb.path}`, signal)) ? [deb] : [],
  );
  return answers.flat();
}

async function isGone(address: string, signal: AbortSignal): Promise<boolean> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const { statusCode, body } = await request(address, { method: 'HEAD', signal: limit });
    await body.dump();
    return statusCode === 404;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** All that a fresh lock would have otherwise; what vanished comes first. */
async function insteadOf(gone: DebianPackage[], site: Site, host: BuildHost): Promise<DriftEntry[]> {
  const drift = await driftOf(site, host);
  const vanished = gone.map(({ name, version }): DriftEntry => {
    const is = drift.find(({ kind, what }) => kind === 'package' && what === name)?.is ?? null;
    return { kind: 'package', what: name, was: version, is, why: 'not on the mirror any more' };
  });
  const named = new Set(gone.map(({ name }) => name));
  return [...vanished, ...drift.filter(({ kind, what }) => kind !== 'package' || !named.has(what))];
}

/** None where registries are not to be asked, as all that is published would be looked up again. */
async function driftOf(site: Site, host: BuildHost): Promise<DriftEntry[]> {
  if (host.from !== undefined) return [];
  const plan = await planLock(site, [], host).catch(() => null);
  // A mirror that can't tell what it has instead still lacks them.
  host.signal.throwIfAborted();
  return plan?.drift ?? [];
}

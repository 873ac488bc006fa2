import { combined } from '../../contract/errors.ts';
import type { MediaKind } from '../../contract/media.ts';
import type { Preflight } from '../../contract/preflight.ts';
import { chosenMedia } from '../config/media.ts';
import { readSite } from '../config/read-site.ts';
import type { BuildHost } from '../host.ts';
import { readLock } from '../lock/read.ts';
import type { RunStage } from '../stages.ts';
import { type PreflightInput, preflight } from './preflight.ts';

/** Looks whether a build can go well here, from the site and its lock alone. Writes nothing. */
export async function planBuild(
  { site: name, out, only }: { site: string; out: string; only?: readonly MediaKind[] },
  host: BuildHost,
): Promise<Preflight> {
  const site = await readSite(host.repository, name);
  const { lock } = await readLock(host.repository, site);
  return (await preflight({ site, lock, out, media: chosenMedia(site, only) }, host)).document;
}

/**
 * The stage before any work: what is missing is told at once, not after an hour.
 * @throws CpiabError the first check that failed, with the others: E4004, E4007, E4008, E4009, E4012, E4013, E4014.
 */
export async function preflightStage(input: PreflightInput, host: BuildHost, stage: RunStage): Promise<void> {
  const work = async () => await preflight(input, host);
  const { document, findings } = await stage('preflight', 'look whether it can go well here', work);
  host.progress({ type: 'preflight', checks: document.checks, estimate: document.estimate });
  const [first, ...others] = findings.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (first !== undefined) throw combined([first, ...others]);
}

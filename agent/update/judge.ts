import { kubernetesVersion } from '../../contract/engine-images.ts';
import { mayGo } from '../../contract/engine-skew.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Manifest } from '../../contract/manifest.ts';

export interface Running {
  manifest: Manifest;
  /** Highest sequence that has run here. */
  floor: number;
  /** Seconds since the epoch. */
  now: number;
}

/**
 * Whether a version whose signature is good may follow the one that runs.
 * @throws CpiabError E5302 the same sequence, E2110 an older one, E2108 expired, E5303 Kubernetes.
 */
export function judgeUpdate(fresh: Manifest, { manifest, floor, now }: Running): void {
  const subject = `${fresh.site} ${fresh.revision.slice(0, 12)}`;
  const sequence = String(fresh.sequence);
  if (fresh.sequence === manifest.sequence) throw new CpiabError('E5302', { subject, args: [sequence] });
  const highest = Math.max(floor, manifest.sequence);
  if (fresh.sequence < highest) throw new CpiabError('E2110', { subject, args: [sequence, String(highest)] });
  if (fresh.expires < now) throw new CpiabError('E2108', { subject, args: [day(fresh.expires), day(now)] });
  judgeEngine(fresh, manifest, subject);
}

/** @throws CpiabError E5303 for a step that upstream does not support. */
export function judgeEngine(fresh: Manifest, running: Manifest, subject: string): void {
  const [from, to] = [running, fresh].map(({ images }) => kubernetesVersion(Object.keys(images)));
  if (from && to && !mayGo(from, to)) throw new CpiabError('E5303', { subject, args: [from, to] });
}

const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);

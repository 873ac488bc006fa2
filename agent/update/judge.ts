import { etcdVersion, kubernetesVersion } from '../../contract/engine-images.ts';
import { mayGo, mayGoBack } from '../../contract/engine-skew.ts';
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
 * @throws CpiabError E5302 the same sequence, E2110 an older one, E2108 expired, E5303 Kubernetes, E5315 state, E5316 etcd.
 */
export function judgeUpdate(fresh: Manifest, { manifest, floor, now }: Running): void {
  const subject = `${fresh.site} ${fresh.revision.slice(0, 12)}`;
  const sequence = String(fresh.sequence);
  if (fresh.sequence === manifest.sequence) throw new CpiabError('E5302', { subject, args: [sequence] });
  const highest = Math.max(floor, manifest.sequence);
  if (fresh.sequence < highest) throw new CpiabError('E2110', { subject, args: [sequence, String(highest)] });
  if (fresh.expires < now) throw new CpiabError('E2108', { subject, args: [day(fresh.expires), day(now)] });
  judgeState(fresh, manifest, subject);
  judgeEngine(fresh, manifest, subject, mayGo);
}

/**
 * Whether the version in the other slot may come back, as an operator wants it.
 * @throws CpiabError E5303 over a minor version of Kubernetes, E5315 state, E5316 etcd.
 */
export function judgeRollback(other: Manifest, running: Manifest): void {
  judgeState(other, running, 'rollback');
  judgeEngine(other, running, 'rollback', mayGoBack);
}

function judgeState(fresh: Manifest, running: Manifest, subject: string): void {
  const args: [string, string] = [String(fresh.state), String(running.state)];
  if (fresh.state !== running.state) throw new CpiabError('E5315', { subject, args });
}

function judgeEngine(fresh: Manifest, running: Manifest, subject: string, may: typeof mayGo): void {
  const [from, to] = [running, fresh].map(({ images }) => kubernetesVersion(Object.keys(images)));
  if (from && to && !may(from, to)) throw new CpiabError('E5303', { subject, args: [from, to] });
  const [old, etcd] = [running, fresh].map(({ images }) => etcdVersion(Object.keys(images)));
  if (old && etcd && minorOf(old) !== minorOf(etcd))
    throw new CpiabError('E5316', { subject, args: [old, etcd] });
}

/** A store that a newer minor version of etcd has opened is not opened by an older one. Source: etcd, "Downgrade". */
const minorOf = (etcd: string) => /^v?(\d+\.\d+)\./.exec(etcd)?.[1];

const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);

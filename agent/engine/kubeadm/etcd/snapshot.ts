import { chmod, rm } from 'node:fs/promises';
import { CpiabError } from '../../../../contract/errors.ts';
import { renameDurably } from '../../../../host/files.ts';
import { ProcessError, run } from '../../../../host/process.ts';
import type { Snapshot } from '../../engine.ts';
import { type EtcdAccess, etcdctl } from './access.ts';

/** The part that is read of `etcdutl snapshot status`. */
interface SnapshotStatus {
  revision: number;
  totalKey: number;
  totalSize: number;
}

/**
 * Saves all that etcd holds, as of one revision, to a file that only root can read: every Secret is in it.
 * @param access one endpoint: etcd's members answer for themselves.
 * @throws CpiabError E5110 when etcd gives none; no file is left then.
 */
export async function saveSnapshot(access: EtcdAccess, file: string, signal: AbortSignal): Promise<Snapshot> {
  const fresh = `${file}.new`;
  try {
    // Saving waits without end for an etcd that is not there; a look at its health does not.
    await etcdctl(access, ['endpoint', 'health'], signal);
    await etcdctl(access, ['snapshot', 'save', fresh], signal);
    await chmod(fresh, 0o600);
    const { revision, totalKey, totalSize } = await snapshotStatus(fresh, signal);
    await renameDurably(fresh, file);
    return { revision, keys: totalKey, bytes: totalSize };
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    throw new CpiabError('E5110', { subject: file, args: [lastLine(error)], cause: error });
  } finally {
    for (const path of [fresh, `${fresh}.part`]) await rm(path, { force: true });
  }
}

/** @throws CpiabError E5111 for a file that etcd's tools can't read. */
export async function checkSnapshot(file: string, signal: AbortSignal): Promise<void> {
  await snapshotStatus(file, signal).catch((error: unknown) => {
    if (!(error instanceof ProcessError)) throw error;
    throw new CpiabError('E5111', { subject: file, args: [lastLine(error)], cause: error });
  });
}

async function snapshotStatus(file: string, signal: AbortSignal): Promise<SnapshotStatus> {
  const { stdout } = await run(['etcdutl', 'snapshot', 'status', file, '--write-out', 'json'], { signal });
  return JSON.parse(stdout) as SnapshotStatus;
}

/** What one of etcd's tools gave as the reason; its log comes before that. */
export function lastLine({ stderr, message }: ProcessError): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return (last === '' ? message : last).replace(/^Error: /, '').slice(0, 300);
}

import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../../../contract/errors.ts';
import { renameDurably, syncDirectory } from '../../../../host/files.ts';
import { ProcessError, run } from '../../../../host/process.ts';
import { lastLine } from './snapshot.ts';

/** The member that etcd begins anew as. */
export interface Member {
  /** The node's name, as kubeadm has it in `--name`. */
  name: string;
  /** Where its peers find it, such as `https://10.44.0.1:2380`. */
  peer: string;
}

/**
 * Lets etcd go on counting far above what it counted before: a client that saw a later revision than the
 * snapshot's would otherwise take old answers for new ones. Source: etcd, "Disaster recovery".
 */
const BUMP = String(1_000_000_000);

/** All inside the data directory, which may be a mount of its own. */
const places = (dataDir: string) => ({
  /** What etcd runs on. */
  member: join(dataDir, 'member'),
  /** Being unpacked: worth nothing. */
  fresh: join(dataDir, 'restored.new'),
  /** Unpacked and checked: what is to be run on from now. */
  restored: join(dataDir, 'restored'),
  /** Unpacked earlier, and not put in place before another was. */
  dropped: join(dataDir, 'restored.old'),
  /** What was run on before. */
  replaced: join(dataDir, 'replaced'),
});

/**
 * Checks a snapshot and unpacks it beside what etcd runs on, which goes on. From its end on the snapshot is
 * what counts: `adoptRestored` puts it in place, now or after a power cut.
 * @throws CpiabError E5111 for a file that is no whole snapshot; nothing was changed then.
 */
export async function unpackSnapshot(
  file: string,
  dataDir: string,
  { name, peer }: Member,
  signal: AbortSignal,
): Promise<void> {
  const { fresh, restored, dropped } = places(dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  for (const path of [fresh, dropped]) await rm(path, { recursive: true, force: true });
  const member = [
    '--name',
    name,
    '--initial-cluster',
    `${name}=${peer}`,
    '--initial-advertise-peer-urls',
    peer,
  ];
  const argv = ['etcdutl', 'snapshot', 'restore', file, '--data-dir', fresh, ...member];
  try {
    await run([...argv, '--bump-revision', BUMP, '--mark-compacted'], { signal });
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!(error instanceof ProcessError)) throw error;
    throw new CpiabError('E5111', { subject: file, args: [lastLine(error)], cause: error });
  }
  // An earlier one loses its name first, so that a half removed one is never taken for a whole.
  if (existsSync(restored)) await rename(restored, dropped);
  await renameDurably(fresh, restored);
  await rm(dropped, { recursive: true, force: true });
}

/** Whether an unpacked snapshot waits to be put in place. */
export function isRestorePending(dataDir: string): boolean {
  return existsSync(places(dataDir).restored);
}

/** Puts an unpacked snapshot in place, while etcd is not running. May be cut off at any point and begun again. */
export async function adoptRestored(dataDir: string): Promise<void> {
  const { member, restored, replaced } = places(dataDir);
  if (existsSync(join(restored, 'member'))) {
    await rm(replaced, { recursive: true, force: true });
    if (existsSync(member)) await rename(member, replaced);
    await renameDurably(join(restored, 'member'), member);
  }
  await rm(restored, { recursive: true, force: true });
  await rm(replaced, { recursive: true, force: true });
  await syncDirectory(dataDir);
}

/** Whether an etcd has its database open: it holds a lock on it from its start to its very end. */
export async function isEtcdRunning(dataDir: string, signal: AbortSignal): Promise<boolean> {
  const database = join(places(dataDir).member, 'snap', 'db');
  if (!existsSync(database)) return false;
  return await run(['flock', '--nonblock', database, 'true'], { signal }).then(
    () => false,
    (error: unknown) => {
      if (error instanceof ProcessError && error.status === 1) return true;
      throw error;
    },
  );
}

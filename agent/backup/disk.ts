import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { BackupRecord } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { backupLabel } from '../../contract/layout.ts';
import { labelledDevices } from '../../host/labelled-devices.ts';
import { mounted } from '../../host/mounted.ts';
import { ProcessError } from '../../host/process.ts';
import { BackupStore } from './store.ts';

export interface DiskOptions {
  /** Directory to mount in. */
  scratch: string;
  /** Names this box's folder among those of others. */
  site: string;
  boxId: string;
  keep: number;
}

/** What this box has on the disk. */
export interface DiskContent {
  /** Of the newest copy, RFC 3339; null for none. */
  newest: string | null;
  count: number;
}

/**
 * Copies a backup to the disk that carries the label, and removes the oldest there. The disk is mounted for
 * just so long: it may be pulled out at any other time, and a copy that was cut off counts for nothing.
 * @param from the store that has the backup; null to look only.
 * @throws CpiabError E5410 no such disk, E5411 several, E5412 it can't be used.
 */
export async function copyToDisk(
  from: { store: BackupStore; record: BackupRecord } | null,
  { scratch, site, boxId, keep }: DiskOptions,
  signal: AbortSignal,
): Promise<DiskContent> {
  const device = await backupDisk(signal);
  const work = async (directory: string): Promise<DiskContent> => {
    const target = new BackupStore(join(directory, 'cpiab', site, boxId));
    if (from !== null) await copy(from, target, device, signal);
    await target.prune(keep);
    const all = await target.list();
    return { newest: all.at(-1)?.created ?? null, count: all.length };
  };
  return await mounted({ source: device, options, scratch }, signal, work).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw cause instanceof ProcessError ? unusable(device, cause) : cause;
  });
}

const options = ['rw', 'nosuid', 'nodev', 'noexec', 'noatime'];

const unusable = (device: string, cause: unknown) =>
  new CpiabError('E5412', { subject: device, args: [(cause as Error).message], cause });

async function backupDisk(signal: AbortSignal): Promise<string> {
  const [one, ...others] = (await labelledDevices(backupLabel, signal)).map(({ device }) => device);
  if (one === undefined) throw new CpiabError('E5410', { subject: 'backup' });
  if (others.length > 0)
    throw new CpiabError('E5411', { subject: 'backup', args: [[one, ...others].toSorted().join(', ')] });
  return one;
}

async function copy(
  { store, record }: { store: BackupStore; record: BackupRecord },
  target: BackupStore,
  device: string,
  signal: AbortSignal,
): Promise<void> {
  const { name, created, gitHead, recipients, scheduled, sha256 } = record;
  if ((await target.list()).some((known) => known.name === name && known.sha256 === sha256)) return;
  const head = { name, created, gitHead, recipients, scheduled };
  try {
    const written = await target.write(head, createReadStream(join(store.directory, name)), signal);
    if (written.sha256 !== sha256)
      throw new Error(`${name} is not what was saved: the data disk may be failing`);
  } catch (cause) {
    signal.throwIfAborted();
    await target.remove(name);
    throw unusable(device, cause);
  }
}

import { mkdir } from 'node:fs/promises';
import { CpiabError } from '../../../contract/errors.ts';
import { stickLabel } from '../../../contract/layout.ts';
import { labelledDevices } from '../../../host/labelled-devices.ts';
import { run } from '../../../host/process.ts';

/** A disk that somebody has put in, mounted to be read. */
export interface Stick {
  root: string;
  close(): Promise<void>;
}

/** What the box's kernel reads, and how nothing is written: a journal is not replayed. */
const readOnly: Readonly<Record<string, string>> = {
  vfat: 'ro',
  iso9660: 'ro',
  ext4: 'ro,noload',
};

/**
 * Mounts the disk or partition that has the label of a stick with an update.
 * @param point directory for it. @throws CpiabError E5313 for none, several, or one that is not understood.
 */
export async function mountStick(point: string, signal: AbortSignal): Promise<Stick> {
  const [found, other] = await labelledDevices(stickLabel, signal);
  if (found === undefined) throw unusable(`no disk has the label ${stickLabel}`);
  if (other !== undefined)
    throw unusable(`two disks have the label ${stickLabel}: ${found.device} and ${other.device}`);
  const options = readOnly[found.type];
  if (options === undefined) throw unusable(`${found.device} has file system ${found.type || 'none'}`);
  await mkdir(point, { recursive: true });
  // What lies there already is of an agent that was ended.
  await run(['umount', point], { signal }).catch(() => signal.throwIfAborted());
  const mount = ['mount', '-t', found.type, '-o', `${options},nosuid,nodev,noexec`, found.device, point];
  await run(mount, { signal }).catch((cause: unknown) => {
    throw unusable(`${found.device} cannot be mounted`, cause);
  });
  return { root: point, close: async () => void (await run(['umount', point])) };
}

const unusable = (why: string, cause?: unknown) =>
  new CpiabError('E5313', { subject: 'the stick', args: [why], cause });

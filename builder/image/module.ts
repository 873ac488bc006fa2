import { join } from 'node:path';
import type { Sandbox } from '../../host/sandbox.ts';

interface ModuleOptions {
  /** Seconds since the epoch: every time in the module. */
  epoch: number;
  /** Directory that the module is left in. */
  scratch: string;
  signal: AbortSignal;
}

/**
 * Block size and level measured in an emulated guest: larger blocks or a higher level save a few
 * percent and cost the boot more time to read.
 */
const FORMAT = ['-comp', 'zstd', '-Xcompression-level', '9', '-b', '128K', '-no-progress', '-quiet'];
const name = 'module.squashfs';

/** Makes a squashfs of a tar, with the owners and modes the tar has. @returns its path. */
export async function moduleFromTar(
  sandbox: Sandbox,
  options: ModuleOptions & { tar: string },
): Promise<string> {
  const { tar, epoch, scratch, signal } = options;
  await sandbox.run(
    [
      'sh',
      '-c',
      'exec "$@" < /source.tar',
      'sh',
      'sqfstar',
      ...FORMAT,
      '-xattrs-include',
      '^trusted\\.overlay\\.',
      ...times(epoch),
      `/scratch/${name}`,
    ],
    {
      binds: [
        { source: tar, target: '/source.tar', write: false },
        { source: scratch, target: '/scratch', write: true },
      ],
      signal,
    },
  );
  return join(scratch, name);
}

/** Makes a squashfs of a directory; everything in it belongs to root. @returns its path. */
export async function moduleFromDirectory(
  sandbox: Sandbox,
  options: ModuleOptions & { directory: string },
): Promise<string> {
  const { directory, epoch, scratch, signal } = options;
  await sandbox.run(
    [
      'mksquashfs',
      '/source',
      `/scratch/${name}`,
      ...FORMAT,
      '-no-xattrs',
      '-all-root',
      '-noappend',
      ...times(epoch),
    ],
    {
      binds: [
        { source: directory, target: '/source', write: false },
        { source: scratch, target: '/scratch', write: true },
      ],
      signal,
    },
  );
  return join(scratch, name);
}

const times = (epoch: number) => ['-mkfs-time', String(epoch), '-all-time', String(epoch)];

import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../host/process.ts';

/** What lies mounted below directories, deepest first; the directories themselves may be mounts and stay. */
export function mountsBelow(mountinfo: string, directories: readonly string[]): string[] {
  return mountinfo
    .split('\n')
    .map((line) => plain(line.split(' ')[4] ?? ''))
    .filter((point) => directories.some((directory) => point.startsWith(`${directory}/`)))
    .toReversed();
}

/** Octal escapes of space, tab, line break and backslash. Source: proc_pid_mountinfo(5). */
const plain = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/**
 * Uncovers what lies below directories. The agent has mounts of its own, so this takes them away for itself alone;
 * those of others go when the directory below is removed, which emptyDirectory does. Source: mount_namespaces(7),
 * "Restrictions on mount namespaces": since Linux 3.18 a mount point of another namespace can be removed.
 */
export async function unmountBelow(directories: readonly string[], signal: AbortSignal): Promise<void> {
  const points = mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), directories);
  for (const point of points) await tryRun(['umount', '--lazy', point], signal);
}

/** Removes what a directory holds; it may be a mount point itself. */
export async function emptyDirectory(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  for (const name of await readdir(directory))
    await rm(join(directory, name), { recursive: true, force: true });
}

/** Runs what fails when there is nothing left to do. */
export async function tryRun(argv: readonly string[], signal: AbortSignal): Promise<void> {
  await run(argv, { signal, timeoutMs: 60_000 }).catch(() => signal.throwIfAborted());
}

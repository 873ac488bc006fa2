import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { persisted, units } from '../../../contract/layout.ts';
import { run } from '../../../host/process.ts';

/** Whether an engine was begun here: kubeadm writes its first and its last file below this directory. */
export async function hasRemains(kubernetes: string = persisted.kubernetes): Promise<boolean> {
  return existsSync(kubernetes) && (await readdir(kubernetes)).length > 0;
}

/**
 * Ends every container and takes the engine's state away, for a first start that was cut off: half of
 * it can't be gone on with. Git, certificates of the box and volumes stay. Works whether or not
 * anything is running.
 */
export async function reset(signal: AbortSignal): Promise<void> {
  await tryRun(['systemctl', 'stop', units.kubelet, units.kubeProxy], signal);
  // Containers are scopes below this slice, and end with it.
  await tryRun(['systemctl', 'stop', 'kubepods.slice'], signal);
  // A shim outlives containerd by design.
  await tryRun(['systemctl', 'kill', '--signal=KILL', '--kill-whom=all', units.containerd], signal);
  await tryRun(['systemctl', 'stop', units.containerd], signal);
  await unmountBelow(['/run/containerd', '/run/netns', persisted.kubelet, persisted.containerd], signal);
  await tryRun(['ip', 'link', 'delete', 'cni0'], signal);
  const memory = ['/run/containerd', '/run/cni', '/run/netns'];
  const { kubernetes, ...others } = persisted;
  for (const directory of [...memory, ...Object.values(others)]) await empty(directory);
  // What says that there are remains goes last: this may be cut off, too.
  await empty(kubernetes);
}

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

async function unmountBelow(directories: readonly string[], signal: AbortSignal): Promise<void> {
  const points = mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), directories);
  for (const point of points) await tryRun(['umount', '--lazy', point], signal);
}

/** Removes what a directory holds; it may be a mount point itself. */
async function empty(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  for (const name of await readdir(directory))
    await rm(join(directory, name), { recursive: true, force: true });
}

/** Runs what fails when there is nothing left to do. */
async function tryRun(argv: readonly string[], signal: AbortSignal): Promise<void> {
  await run(argv, { signal, timeoutMs: 60_000 }).catch(() => signal.throwIfAborted());
}

import { mkdir, readdir } from 'node:fs/promises';
import { units } from '../../contract/layout.ts';
import { startPiped } from '../../host/piped-process.ts';
import { run } from '../../host/process.ts';
import { releasing } from '../../host/release.ts';
import { runUnit } from '../../host/unit.ts';

/** Owners by number, holes, extended attributes and access lists: what a volume is, on a machine with other users. Source: GNU tar. */
const KEPT = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};

/**
 * Files and directories below a directory as a tar stream. They may change meanwhile; a file that does is what
 * tar read of it. A part is there until the next is asked for.
 * @throws when tar can't read one.
 */
export async function* tarStream(
  directory: string,
  names: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  // When a file was read last can't be restored, and reading changes it: two archives of one tree would differ.
  const times = '--pax-option=delete=atime,delete=ctime';
  const options = ['--create', '--format=pax', times, '--sparse', '--sort=name', ...KEPT];
  // Names may begin with a hyphen; an empty list is an empty archive.
  const list = ['--null', '--verbatim-files-from', '--files-from=-'];
  const argv = ['tar', ...options, '--directory', directory, ...list];
  const tar = startPiped(argv, { env: environment, signal });
  tar.stdin.end(names.map((name) => `${name}\0`).join(''));
  yield* releasing(tar.stdout as AsyncIterable<Buffer>);
  const { status, stderr } = await tar.ended;
  signal.throwIfAborted();
  // 1: a file changed or vanished while it was read.
  if (status !== 0 && status !== 1) throw new Error(`tar failed: ${stderr}`);
}

/** Unpacks a tar file into a directory. @throws ProcessError for what is none. */
export type Untar = (file: string, directory: string, signal: AbortSignal) => Promise<void>;

const unpacking = (file: string, directory: string) => [
  ...['--extract', '--file', file, '--directory', directory],
  ...['--same-owner', '--same-permissions', '--delay-directory-restore', ...KEPT],
];

export const untarHere: Untar = async (file, directory, signal) => {
  await run(['tar', ...unpacking(file, directory)], { signal });
};

/** In a service of its own: the agent may neither give files away nor set their group's bit. @param memory directory. */
export function untarInService(memory: string): Untar {
  return (file, directory, signal) =>
    runUnit(
      { ARGUMENTS: unpacking(file, directory).join(' ') },
      { unit: units.unpack, directory: memory, signal },
    );
}

/** Unpacks a tar file into a new directory. @returns names directly below it. */
export async function unpackInto(
  untar: Untar,
  file: string,
  directory: string,
  signal: AbortSignal,
): Promise<string[]> {
  await mkdir(directory, { mode: 0o700 });
  await untar(file, directory, signal);
  return await readdir(directory);
}

import { mkdir, readdir } from 'node:fs/promises';
import { startPiped } from '../../host/piped-process.ts';
import { run } from '../../host/process.ts';

/** Owners by number, holes, extended attributes and access lists: what a volume is, on a machine with other users. Source: GNU tar. */
const KEPT = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};

/**
 * Files and directories below a directory as a tar stream. They may change meanwhile; a file that does is what
 * tar read of it.
 * @throws when tar can't read one.
 */
export async function* tarStream(
  directory: string,
  names: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const options = ['--create', '--format=pax', '--sparse', '--sort=name', ...KEPT];
  // Names may begin with a hyphen; an empty list is an empty archive.
  const list = ['--null', '--verbatim-files-from', '--files-from=-'];
  const argv = ['tar', ...options, '--directory', directory, ...list];
  const tar = startPiped(argv, { env: environment, signal });
  tar.stdin.end(names.map((name) => `${name}\0`).join(''));
  yield* tar.stdout as AsyncIterable<Buffer>;
  const { status, stderr } = await tar.ended;
  signal.throwIfAborted();
  // 1: a file changed or vanished while it was read.
  if (status !== 0 && status !== 1) throw new Error(`tar failed: ${stderr}`);
}

/**
 * Unpacks a tar file into a new directory.
 * @returns names directly below it.
 */
export async function untar(file: string, directory: string, signal: AbortSignal): Promise<string[]> {
  await mkdir(directory, { mode: 0o700 });
  const options = ['--same-owner', '--same-permissions', '--delay-directory-restore', ...KEPT];
  await run(['tar', '--extract', '--file', file, '--directory', directory, ...options], { signal });
  return await readdir(directory);
}

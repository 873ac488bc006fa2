import { open, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { formatOf } from '../../host/file-format.ts';
import { run } from '../../host/process.ts';
import type { Medium } from '../../host/qemu/arguments.ts';

/** Size of a disk that isn't there yet, bytes; it takes only what is written to it. */
const DISK_SIZE = 16 * 2 ** 30;

/**
 * What a machine gets: an ISO with a data disk of its own; or a disk image, which is never written to:
 * its changes are forgotten, or kept in a larger one that builds on it.
 * @throws CpiabError E1070 for a file that is no medium.
 */
export async function attach(
  { medium: path, disk }: { medium: string; disk: string | null },
  signal: AbortSignal,
): Promise<{ medium: Medium; disk: string | null }> {
  const format = await mediumFormat(path);
  if (format === 'iso') {
    if (disk !== null && (await isAbsent(disk))) await makeRaw(disk);
    return { medium: { path, format, keep: false }, disk };
  }
  if (disk === null) return { medium: { path, format, keep: false }, disk };
  if (await isAbsent(disk)) await layOver(path, format, disk, signal);
  else await checkBase(path, disk, signal);
  return { medium: { path: disk, format: 'qcow2', keep: true }, disk: null };
}

async function mediumFormat(path: string): Promise<Medium['format']> {
  const format = await formatOf(path);
  if (format === 'iso' || format === 'qcow2') return format;
  if (format === 'gpt') return 'raw';
  throw new CpiabError('E1070', { subject: path });
}

const isAbsent = async (path: string) => (await stat(path).catch(() => null)) === null;

async function makeRaw(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  await file.truncate(DISK_SIZE);
  await file.close();
}

async function layOver(base: string, format: string, disk: string, signal: AbortSignal): Promise<void> {
  const argv = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', base, '-F', format, disk, String(DISK_SIZE)];
  await run(argv, { signal });
}

/** What was kept belongs to the image that it was made for. */
async function checkBase(base: string, disk: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await run(['qemu-img', 'info', '--output=json', disk], { signal });
  const { 'backing-filename': named } = JSON.parse(stdout) as { 'backing-filename'?: string };
  const found = named === undefined || isAbsolute(named) ? named : join(dirname(disk), named);
  if (found !== base) throw new CpiabError('E1071', { subject: disk, args: [found ?? 'nothing', base] });
}

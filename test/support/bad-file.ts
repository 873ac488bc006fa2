import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from '../../host/process.ts';

/** An account that owns nothing here. */
const NOBODY = 65_534;

/** What can stand where a file is expected: name, code of the refusal, how it gets there. */
export const badFiles: readonly [string, string, (path: string) => Promise<unknown>][] = [
  ['a directory', 'E1030', (path) => mkdir(path)],
  ['a pipe that nobody writes to', 'E1030', (path) => run(['mkfifo', path])],
  ['a link to a device', 'E1030', (path) => symlink('/dev/zero', path)],
  ['a file below a file', 'E1031', (path) => replaceParent(path)],
  ['a file of somebody else', 'E1032', (path) => secret(path)],
  ['links in a circle', 'E1033', (path) => symlink(path, path)],
];

async function replaceParent(path: string): Promise<void> {
  await rm(dirname(path), { recursive: true });
  await writeFile(dirname(path), '');
}

async function secret(path: string): Promise<void> {
  await writeFile(path, 'secret');
  await chmod(path, 0);
}

/** Does work as somebody who may not read what is closed; root may read everything. */
export async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  const user = process.geteuid?.() ?? NOBODY;
  if (user !== 0) return await work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(user);
  }
}

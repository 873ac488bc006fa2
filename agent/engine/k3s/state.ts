import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../../contract/errors.ts';
import { renameDurably } from '../../../host/files.ts';
import { ProcessError, run } from '../../../host/process.ts';
import type { Snapshot } from '../engine.ts';
import { k3s, k3sUnits, ours } from './layout.ts';

/** What etcd puts behind the pages of a snapshot that it sends. Source: etcd, maintenance API, Snapshot. */
const HASH_BYTES = 32;
const PAGE_BYTES = 512;
const STOP_MS = 180_000;

/** The command that saves a snapshot below a directory; k3s adds node and time to the name. Source: docs.k3s.io, "k3s etcd-snapshot". */
export const saveCommand = (directory: string) => [
  ...[k3s.program, 'etcd-snapshot', 'save', '--name', 'cpiab', '--etcd-snapshot-dir', directory],
];

/** The command that makes a server's state that of a snapshot, and ends. The configuration file is read as well. */
export const resetCommand = (file: string) => [
  ...[k3s.program, 'server', '--cluster-reset', `--cluster-reset-restore-path=${file}`],
];

/** @throws CpiabError E5110; no file is left then. */
export async function saveK3sSnapshot(file: string, signal: AbortSignal): Promise<Snapshot> {
  // On the same file system, so that it gets its name at once.
  const directory = await mkdtemp(join(dirname(file), '.snapshot-'));
  try {
    await run(saveCommand(directory), { signal });
    const [name] = await readdir(directory);
    if (name === undefined) throw new CpiabError('E5110', { subject: file, args: ['k3s wrote no file'] });
    await requireWhole(join(directory, name));
    await chmod(join(directory, name), 0o600);
    await renameDurably(join(directory, name), file);
    return { revision: null, keys: null, bytes: (await stat(file)).size };
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    throw new CpiabError('E5110', { subject: file, args: [error.message], cause: error });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Checks a snapshot by the hash that etcd sent with it. @throws CpiabError E5111. */
export async function requireWhole(file: string): Promise<void> {
  const { size } = await stat(file);
  const no = (why: string) => new CpiabError('E5111', { subject: file, args: [why] });
  if (size <= HASH_BYTES || size % PAGE_BYTES !== HASH_BYTES)
    throw no(`${size} bytes are no pages and a hash`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { end: size - HASH_BYTES - 1 }), hash);
  const sent = Buffer.alloc(HASH_BYTES);
  const handle = await open(file);
  await handle.read(sent, 0, HASH_BYTES, size - HASH_BYTES).finally(() => handle.close());
  if (!sent.equals(hash.digest())) throw no('its content is not what its hash says');
}

/** Keeps a checked copy as what counts from now; `completeK3sRestore` puts it in place. @throws CpiabError E5111. */
export async function unpackK3sSnapshot(file: string, kept: string = ours.restore): Promise<void> {
  await mkdir(dirname(kept), { recursive: true, mode: 0o700 });
  await copyFile(file, `${kept}.new`);
  try {
    await requireWhole(`${kept}.new`);
    await chmod(`${kept}.new`, 0o600);
    await renameDurably(`${kept}.new`, kept);
  } finally {
    await rm(`${kept}.new`, { force: true });
  }
}

/** Puts in place what a restore kept, if there is any. k3s is stopped after that. */
export async function completeK3sRestore(signal: AbortSignal): Promise<void> {
  if (!existsSync(ours.restore)) return;
  await run(['systemctl', 'stop', k3sUnits.server], { signal, timeoutMs: STOP_MS });
  // Else k3s takes a second reset for a mistake. Source: docs.k3s.io, "k3s etcd-snapshot", restoring.
  await rm(join(dirname(k3s.etcd), 'reset-flag'), { force: true });
  await run(resetCommand(ours.restore), { signal });
  await rm(ours.restore, { force: true });
}

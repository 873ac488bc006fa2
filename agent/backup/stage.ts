import { appendFile, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupManifest, type BackupMember, stateVersion } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { flux, restoring } from '../../contract/layout.ts';
import { ArchiveError, type OnPart, readBackup, readUnhashed } from '../../host/backup/archive.ts';
import { renameDurably } from '../../host/files.ts';
import { ProcessError, run } from '../../host/process.ts';
import { gitEnvironment } from '../serve/git/settings.ts';
import { adoptTree, type Landing, requireLandable } from './land.ts';
import { boxNames, cargoNames } from './members.ts';
import { type Untar, unpackInto, untarHere } from './tar.ts';

/** The box that a backup must fit. */
export interface Fit {
  site: string;
  engine: { kind: string; version: string };
  sequence: number;
  /** Ends well for a snapshot that the engine can begin with. */
  checkSnapshot(file: string, signal: AbortSignal): Promise<void>;
  /** Where a cargo is landed; null where a backup is restored. */
  landing: Landing | null;
}

/** What each archive may have directly below the state tree. */
const allowed = {
  box: { 'engine.tar': ['kubelet', 'kubernetes'], 'box.tar': boxNames, 'volumes.tar': ['volumes'] },
  cargo: { 'engine.tar': [], 'box.tar': cargoNames, 'volumes.tar': ['volumes'] },
} as const;

/**
 * Unpacks a backup beside the state, all of it, and checks it. Its last act, a rename, decides: before it nothing is
 * changed, after it the next start of the agent puts it in place.
 * @throws CpiabError E2180, E5111, E5403, of a cargo E2191…E2194; nothing is left then.
 */
export async function stageRestore(
  state: string,
  archive: AsyncIterable<Uint8Array>,
  fit: Fit,
  signal: AbortSignal,
  untar: Untar = untarHere,
): Promise<BackupManifest> {
  if (fit.landing !== null) await requireLandable(state, fit.landing);
  const fresh = join(state, restoring.fresh);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(join(fresh, 'tree'), { recursive: true, mode: 0o700 });
  try {
    const manifest = await unpacked(state, archive, fit, signal, untar);
    // What was unpacked must be on the disk before its name says so.
    await run(['sync', '--file-system', fresh], { signal });
    await renameDurably(fresh, join(state, restoring.staged));
    return manifest;
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw asRefusal(error);
  }
}

async function unpacked(
  state: string,
  archive: AsyncIterable<Uint8Array>,
  fit: Fit,
  signal: AbortSignal,
  untar: Untar,
): Promise<BackupManifest> {
  const fresh = join(state, restoring.fresh);
  const member = (name: string) => join(fresh, name);
  // What is landed is hashed as a whole.
  const read = fit.landing === null ? readBackup : readUnhashed;
  const manifest = await writeMembers((onPart) => read(archive, onPart), member, signal);
  requireFit(manifest, fit);
  for (const [name, names] of Object.entries(allowed[fit.landing === null ? 'box' : 'cargo'])) {
    const unpackTo = (file: string, directory: string) => unpackInto(untar, file, directory, signal);
    await unpack(fresh, name, names, unpackTo);
  }
  await makeRepository(member('git.bundle'), join(fresh, 'tree', 'git', `${fit.site}.git`), manifest, signal);
  await fit.checkSnapshot(member('etcd.snapshot'), signal);
  await rename(member('etcd.snapshot'), join(fresh, 'tree', 'engine-snapshot'));
  await rm(member('git.bundle'));
  if (fit.landing !== null) await adoptTree(state, join(fresh, 'tree'), fit.landing);
  return manifest;
}

async function writeMembers(
  read: (onPart: OnPart) => Promise<BackupManifest>,
  pathOf: (name: BackupMember) => string,
  signal: AbortSignal,
): Promise<BackupManifest> {
  const files = new Map<BackupMember, FileHandle>();
  try {
    return await read(async (name, part) => {
      signal.throwIfAborted();
      const file = files.get(name) ?? (await open(pathOf(name), 'wx', 0o600));
      files.set(name, file);
      await file.appendFile(part);
    });
  } finally {
    for (const file of files.values()) await file.close();
  }
}

/** Unpacked by itself first: only names that belong there go on. */
async function unpack(
  fresh: string,
  name: string,
  names: readonly string[],
  unpackTo: (file: string, directory: string) => Promise<string[]>,
): Promise<void> {
  // A member of nothing has no piece.
  await appendFile(join(fresh, name), '');
  const apart = join(fresh, `${name}.d`);
  for (const found of await unpackTo(join(fresh, name), apart)) {
    if (!names.includes(found)) throw new ArchiveError(`${name} has ${found}`);
    await rename(join(apart, found), join(fresh, 'tree', found));
  }
  await rm(apart, { recursive: true });
  await rm(join(fresh, name));
}

async function makeRepository(
  bundle: string,
  path: string,
  { gitHead }: BackupManifest,
  signal: AbortSignal,
): Promise<void> {
  const options = { env: gitEnvironment(), signal };
  const git = ['git', '--git-dir', path];
  await mkdir(join(path, '..'), { mode: 0o755 });
  await run(['git', 'init', '--quiet', '--bare', '--initial-branch', flux.branch, path], options);
  await run([...git, 'fetch', '--quiet', bundle, '+refs/*:refs/*'], options);
  await run([...git, 'fsck', '--connectivity-only', '--no-dangling', '--no-progress'], options);
  const { stdout } = await run([...git, 'rev-parse', `refs/heads/${flux.branch}`], options);
  if (stdout.trim() !== gitHead) throw new ArchiveError(`its Git is at ${stdout.trim()}, not at ${gitHead}`);
}

function requireFit(manifest: BackupManifest, { site, engine, sequence, landing }: Fit): void {
  const wrong = [
    [landing === null && manifest.contents === 'cargo', 'it is in a cargo: `cpiab cargo land` takes it'],
    [landing !== null && manifest.contents !== 'cargo', 'it is a backup: `cpiab restore` takes it'],
    [
      manifest.stateVersion > stateVersion,
      `its state version is ${manifest.stateVersion}, this box knows ${stateVersion}`,
    ],
    [manifest.site !== site, `it is of site ${manifest.site}, this box is of ${site}`],
    [
      manifest.bundle.sequence > sequence,
      `it was made with sequence ${manifest.bundle.sequence}, this box has ${sequence}`,
    ],
    [
      manifest.engine.kind !== engine.kind || manifest.engine.version !== engine.version,
      `its engine is ${manifest.engine.kind} ${manifest.engine.version}, this box has ${engine.version}`,
    ],
  ] as const;
  const found = wrong.find(([is]) => is);
  if (found !== undefined) throw new CpiabError('E5403', { subject: 'backup', args: [found[1]] });
}

/** Programs that don't understand what they were given say so by ending badly. */
function asRefusal(error: unknown): unknown {
  const isDamage = error instanceof ArchiveError || error instanceof ProcessError;
  return isDamage
    ? new CpiabError('E2180', { subject: 'backup', args: [error.message], cause: error })
    : error;
}

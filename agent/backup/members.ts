import { createReadStream, existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { BackupManifest } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { persisted } from '../../contract/layout.ts';
import type { MemberSource } from '../../host/backup/archive.ts';
import { run } from '../../host/process.ts';
import type { Engine } from '../engine/engine.ts';
import type { GitRepository } from '../serve/git/repository.ts';
import { gitEnvironment } from '../serve/git/settings.ts';
import { tarStream } from './tar.ts';

/** What a backup is made of. */
export interface BackupSource {
  /** The state tree, `/var/lib/cpiab`. */
  state: string;
  engine: Pick<Engine, 'keys' | 'snapshot'>;
  git: GitRepository;
}

/** Names in the state tree that make this box this box. */
export const boxNames = [
  'age.key',
  'audit',
  'box-id',
  'engine-initialised',
  'enroll',
  'hostname',
  'pki',
  'stages.json',
  'tls',
];

/** What of those another box may have: the rest would make it this one. Its node must have the same name, so that is told. */
export const cargoNames = ['age.key', 'hostname'];

/**
 * The members of a backup, one after the other. First the cluster's state, then Git, then what both may name: a
 * volume may have more than the cluster knew, never less.
 * @param scratch directory for what must be a file before it can be read.
 * @param contents `cargo` leaves out every identity and authority.
 */
export async function* backupContent(
  { state, engine, git }: BackupSource,
  scratch: string,
  signal: AbortSignal,
  contents?: BackupManifest['contents'],
): AsyncGenerator<MemberSource> {
  const snapshot = join(scratch, 'etcd.snapshot');
  await engine.snapshot(snapshot, signal);
  yield { name: 'etcd.snapshot', content: createReadStream(snapshot) };
  await rm(snapshot);
  const bundle = join(scratch, 'git.bundle');
  await bundleOf(git, bundle, signal);
  yield { name: 'git.bundle', content: createReadStream(bundle) };
  await rm(bundle);
  const isCargo = contents === 'cargo';
  const there = (names: readonly string[]) => names.filter((name) => existsSync(join(state, name)));
  const keys = isCargo ? [] : there(engine.keys.map(belowState));
  yield { name: 'engine.tar', content: tarStream(state, keys, signal) };
  const own = there(isCargo ? cargoNames : boxNames);
  yield { name: 'box.tar', content: tarStream(state, own, signal) };
  yield { name: 'volumes.tar', content: tarStream(state, await volumesToKeep(state, git, signal), signal) };
}

/** Every reference, and all that they lead to. @throws when the bundle is not whole. */
async function bundleOf({ path }: GitRepository, file: string, signal: AbortSignal): Promise<void> {
  const git = ['git', '--git-dir', path, 'bundle'];
  await run([...git, 'create', '--quiet', file, '--all'], { env: gitEnvironment(), signal });
  await run([...git, 'verify', '--quiet', file], { env: gitEnvironment(), signal });
}

/** Where a persisted path lies in the state tree, from which it is mounted. */
function belowState(path: string): string {
  for (const [name, mount] of Object.entries(persisted))
    if (path === mount || path.startsWith(`${mount}/`)) return `${name}${path.slice(mount.length)}`;
  throw new CpiabError('E5403', {
    subject: 'backup',
    args: [`the engine keeps ${path}, outside of the state tree`],
  });
}

/** Volumes of every namespace whose app does not say that it needs none. Their names are `pvc-UID_NAMESPACE_CLAIM`. */
async function volumesToKeep(state: string, git: GitRepository, signal: AbortSignal): Promise<string[]> {
  const names = await readdir(join(state, 'volumes')).catch(() => [] as string[]);
  const namespaceOf = (name: string) => name.split('_')[1] ?? '';
  const namespaces = [...new Set(names.map(namespaceOf))];
  const { id } = await git.head(signal);
  const files = namespaces.flatMap((namespace) =>
    ['apps', 'platform'].map((kind) => `cluster/kubernetes/${kind}/${namespace}/app.yaml`),
  );
  const texts = files.length === 0 ? [] : await git.readFiles(id, files, signal);
  const without = namespaces.filter((_, index) =>
    texts.slice(2 * index, 2 * index + 2).some((text) => text !== null && saysNone(text)),
  );
  return names.filter((name) => !without.includes(namespaceOf(name))).map((name) => join('volumes', name));
}

/** A file that can't be read as an app's keeps its volumes. */
function saysNone(text: string): boolean {
  try {
    return (parse(text) as { backup?: unknown } | null)?.backup === 'none';
  } catch {
    return false;
  }
}

import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { type BlobRole, hexOf } from '../../contract/manifest.ts';
import { isRotationFile } from '../../contract/rotation.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import type { Bundle } from '../bundle/assemble.ts';
import { tarballSeal } from './seal.ts';

/** zstd level: what is in a bundle is compressed already, so more would cost time and win nothing. */
const LEVEL = 3;

export interface TarballInput {
  /** Directory with the written bundle. */
  directory: string;
  bundle: Bundle;
  /** Seconds since the epoch: every member's time. */
  epoch: number;
  sandbox: Sandbox;
  /** Empty directory for what is in the making, on the file system of `out`. */
  scratch: string;
  /** Where the finished tarball goes. */
  out: string;
  /** Signs the BLAKE2b-512 of the tarball. */
  sign: (hash: Buffer) => string;
  signal: AbortSignal;
}

/** Packs the bundle as `.tar.zst`, the same bytes for the same bundle; hard links stay hard links. */
export async function writeTarball(input: TarballInput): Promise<void> {
  const { directory, epoch, scratch, sandbox, signal } = input;
  const names = memberOrder(input.bundle).map((name) => `${medium.bundle}/${name}`);
  await writeFile(join(scratch, 'names'), names.join('\0'));
  await sandbox.run(
    [
      ...['tar', '--create', '--file', '/scratch/bundle.tar.zst', '--directory', '/source'],
      ...['--use-compress-program', `zstd -T2 -${LEVEL} --no-progress`],
      ...['--format', 'pax', '--pax-option', 'delete=atime,delete=ctime', '--mtime', `@${epoch}`],
      ...['--owner', '0', '--group', '0', '--numeric-owner', '--mode', 'u=rw,go=r'],
      ...['--no-recursion', '--null', '--files-from', '/scratch/names'],
    ],
    {
      binds: [
        { source: directory, target: `/source/${medium.bundle}`, write: false },
        { source: scratch, target: '/scratch', write: true },
      ],
      signal,
    },
  );
  const path = join(scratch, 'bundle.tar.zst');
  await appendFile(path, await tarballSeal(path, input.sign, signal));
  await rename(path, input.out);
}

/** Blobs that say what others are; all of them are small. */
const DOCUMENTS: ReadonlySet<BlobRole> = new Set([
  ...(['image-index', 'image-manifest', 'artifact-manifest'] as const),
  ...(['lock', 'sbom', 'provenance'] as const),
]);

/** What a reader needs first comes first: what is no blob, then documents; then the rest by name. */
function memberOrder(bundle: Bundle): string[] {
  const documents = bundle.manifest.blobs
    .filter(({ role }) => DOCUMENTS.has(role))
    .map(({ digest }) => `${bundleFiles.blobs}/${hexOf(digest)}`);
  const first = [
    bundleFiles.manifest,
    bundleFiles.signature,
    bundleFiles.ociLayout,
    bundleFiles.index,
    ...[...bundle.files.keys()].filter(isRotationFile).toSorted(),
    ...new Set(documents.toSorted()),
  ];
  const rest = [...bundle.files.keys()].filter((name) => !first.includes(name)).toSorted();
  return [...first, ...rest];
}

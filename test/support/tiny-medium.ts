import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { siteKeys } from '../../builder/bundle/keys.ts';
import { signBytes } from '../../builder/bundle/minisign.ts';
import { makeIndex, type SignedIndex, writeIndex } from '../../builder/volumes/chunk-index.ts';
import { splitMedium } from '../../builder/volumes/split.ts';
import { chunkBytes } from '../../contract/chunk-index.ts';
import { run } from '../../host/process.ts';
import { tinyBundle } from './tiny-bundle.ts';

const { signal } = new AbortController();
const host = { signal, progress: () => {} };

export interface TinyMedium {
  /** Path of the medium, its index beside it. */
  path: string;
  signed: SignedIndex;
  /** Path of the public key. */
  key: string;
}

/** A tarball of a real signed bundle, of about so many bytes, with its index; all below a root have one key. */
export async function tinyMedium(root: string, folder: string, bytes: number): Promise<TinyMedium> {
  const layer = randomBytes(Math.floor(bytes / 4));
  const rest = [1, 2, 3].map(() => randomBytes(layer.length));
  const images = { 'ghcr.io/team/app:1.0': [layer, ...rest] };
  const { directory } = await tinyBundle(root, `${folder}-bundle`, { sequence: 1, images });
  await mkdir(join(root, folder));
  const path = join(root, folder, 'harbour.tar.zst');
  const transform = ['--transform', 's,^\\.,bundle,'];
  await run(['tar', '--create', '--zstd', '--file', path, '--directory', directory, ...transform, '.']);
  return { path, ...(await signIndex(root, path)) };
}

/** Signs the index of a file as the builder does. */
export async function signIndex(root: string, path: string): Promise<Omit<TinyMedium, 'path'>> {
  const { site, directory } = await siteKeys(join(root, 'keys'));
  const medium = path.slice(path.lastIndexOf('/') + 1);
  const index = await makeIndex(
    path,
    { medium, site: 'harbour', sequence: 1, revision: '1'.repeat(40) },
    signal,
  );
  const signed = await writeIndex(path.slice(0, -medium.length), index, (bytes) =>
    signBytes(bytes, site, 'test'),
  );
  return { signed, key: join(directory, 'minisign.pub') };
}

/** Splits a medium into volumes of so many chunks; gives their paths. */
export async function splitInto(
  { path, signed }: TinyMedium,
  out: string,
  chunks: number,
): Promise<string[]> {
  const volumes = await splitMedium({ path, signed, limit: chunks * chunkBytes, out }, host);
  return volumes.map((volume) => volume.path);
}

/** Turns a bit of some bytes. */
export async function damage(path: string, ...positions: number[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for (const position of positions) {
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position);
      await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, position);
    }
  } finally {
    await file.close();
  }
}

export const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

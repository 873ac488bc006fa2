import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { isRotationFile } from '../../contract/rotation.ts';
import { readTarballSeal } from '../image/seal.ts';
import { type Medium, missing, type OpenFile, refuseLarge } from './medium.ts';

const BLOBS = `${medium.bundle}/${bundleFiles.blobs}/`;

/**
 * Opens a `.tar.zst` of a bundle. One member is found by a scan from the start; the writer puts the
 * manifest, its signature and the image manifests first, so such a scan is short.
 */
export function openTarball(path: string): Medium {
  return {
    kind: 'tarball',
    path,
    read: async (name) => {
      const isRotation = isRotationFile(basename(name));
      for await (const file of members(path)) {
        if (file.path === name) {
          refuseLarge(`${path}: ${name}`, file.size);
          return Buffer.concat(await file.content.toArray());
        }
        // Rotations come before all blobs; most tarballs have none, and need not be read to the end to say so.
        if (isRotation && file.path.startsWith(BLOBS)) break;
        file.content.resume();
      }
      throw missing(path, name);
    },
    files: () => members(path),
    seal: async (signal) => await readTarballSeal(path, signal),
  };
}

async function* members(path: string): AsyncGenerator<OpenFile> {
  for await (const entry of entriesOf(path)) {
    const { name, type, size, linkname } = entry.header;
    if (type === 'directory') {
      entry.resume();
      continue;
    }
    const link = type === 'link' && linkname ? { linkTo: linkname } : {};
    yield { path: name, size: size ?? 0, content: Readable.from(entry), ...link };
  }
}

/** @throws CpiabError E2106 where it is cut off, or no tar. */
async function* entriesOf(path: string) {
  const archive = extract();
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  const plain = createZstdDecompress();
  for (const stream of [source, plain]) {
    stream.on('error', (cause: Error) => archive.destroy(new CpiabError('E2106', { subject: path, cause })));
  }
  source.pipe(plain).pipe(archive);
  try {
    yield* archive;
  } catch (cause) {
    throw cause instanceof CpiabError ? cause : new CpiabError('E2106', { subject: path, cause });
  } finally {
    for (const stream of [source, plain, archive]) stream.destroy();
  }
}

import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { isRotationFile } from '../../contract/rotation.ts';
import { tarballEntries } from '../../host/bundle-tarball.ts';
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
  for await (const entry of tarballEntries(path)) {
    const { name, type, size, linkname } = entry.header;
    if (type === 'directory') {
      entry.resume();
      continue;
    }
    const link = type === 'link' && linkname ? { linkTo: linkname } : {};
    const content = Readable.from(entry);
    // The loop gets it, and who reads it; who only passes it over, is not there for it.
    content.on('error', () => {});
    yield { path: name, size: size ?? 0, content, ...link };
  }
}

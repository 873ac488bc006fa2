import { createReadStream } from 'node:fs';
import { CpiabError } from '../../contract/errors.ts';
import { ProcessError, run } from '../../host/process.ts';
import { readIsoSeal } from '../image/seal.ts';
import { type Medium, type MediumFile, missing, refuseLarge } from './medium.ts';

const BLOCK = 2048;
/** Milliseconds to list an image, which takes seconds from a slow stick. */
const LIST_MS = 300_000;

interface Extent extends MediumFile {
  /** Byte offset in the image. */
  offset: number;
}

/** Opens an ISO 9660 image; xorriso reads the directory, contents are read straight from the extents. */
export async function openIso(path: string, signal: AbortSignal): Promise<Medium> {
  const extents = await listExtents(path, signal);
  return {
    kind: 'iso',
    path,
    read: async (name) => {
      const extent = extents.find((found) => found.path === name);
      if (extent === undefined) throw missing(path, name);
      refuseLarge(`${path}: ${name}`, extent.size);
      return Buffer.concat(await content(path, extent).toArray());
    },
    files: async function* () {
      for (const extent of extents) {
        yield { path: extent.path, size: extent.size, content: content(path, extent) };
      }
    },
    seal: async (abort) => await readIsoSeal(path, abort),
  };
}

function content(path: string, { offset, size }: Extent) {
  return createReadStream(path, {
    start: offset,
    end: offset + Math.max(size, 1) - 1,
    highWaterMark: 1 << 20,
  });
}

/** Lines look like `File data lba:  0 ,  123 ,  45 ,  91234 , '/path'`: section, start, blocks, bytes, path. */
async function listExtents(path: string, signal: AbortSignal): Promise<Extent[]> {
  const { stdout } = await run(
    [
      'xorriso',
      '-abort_on',
      'FATAL',
      '-indev',
      path,
      '-find',
      '/',
      '-type',
      'f',
      '-exec',
      'report_lba',
      '--',
    ],
    { signal, maxOutput: 64 << 20, timeoutMs: LIST_MS },
  ).catch((cause: unknown) => {
    // Without the program nothing is known of the file.
    if (!(cause instanceof ProcessError) || cause.failure === 'spawn') throw cause;
    throw new CpiabError('E2106', { subject: path, cause });
  });
  const line = /^File data lba:\s*\d+ ,\s*(?<start>\d+) ,\s*\d+ ,\s*(?<size>\d+) , '\/(?<path>.*)'$/gm;
  return [...stdout.matchAll(line)]
    .map(({ groups }) => ({
      path: groups?.['path'] ?? '',
      size: Number(groups?.['size']),
      offset: Number(groups?.['start']) * BLOCK,
    }))
    .toSorted((a, b) => a.offset - b.offset);
}

import { open, stat } from 'node:fs/promises';
import { CpiabError } from '../../contract/errors.ts';
import { fileError, requireFile } from '../../host/input-file.ts';
import { openDirectory } from './directory.ts';
import { openIso } from './iso.ts';
import type { Medium } from './medium.ts';
import { openTarball } from './tarball.ts';

/** Magic number of a Zstandard frame. Source: RFC 8878 section 3.1.1. */
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Standard identifier in the first volume descriptor. Source: ECMA-119 section 8.1.2. */
const ISO = { offset: 32769, magic: Buffer.from('CD001') };

/** Opens an ISO, a `.tar.zst` or a bundle directory, told apart by content. @throws CpiabError E1006, E1030…E1033, E2106. */
export async function openMedium(path: string, signal: AbortSignal): Promise<Medium> {
  const found = await stat(path).catch((cause: unknown) => {
    throw fileError(cause, path);
  });
  if (found.isDirectory()) return openDirectory(path);
  await requireFile(path);
  if ((await bytesAt(path, 0, ZSTD.length)).equals(ZSTD)) return openTarball(path);
  if ((await bytesAt(path, ISO.offset, ISO.magic.length)).equals(ISO.magic))
    return await openIso(path, signal);
  throw new CpiabError('E2106', { subject: path });
}

async function bytesAt(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path).catch((cause: unknown) => {
    throw fileError(cause, path);
  });
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

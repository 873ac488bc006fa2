import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkIndex } from '../../contract/chunk-index.ts';
import { CpiabError } from '../../contract/errors.ts';
import { formatBytes } from '../../contract/units.ts';
import { type Span, spanOf, type Volume, volumeName, volumesFor, volumesOf } from '../../contract/volumes.ts';
import { ensureDirectory, freeBytes, renameDurably } from '../../host/files.ts';
import { indexPath, putIndex, readText, type SignedIndex } from './chunk-index.ts';
import { places } from './complaint.ts';
import type { ChunkHost } from './host.ts';
import { type Mended, mend } from './mend.ts';
import { sizeOf, wholeMedium } from './piece.ts';
import { Sources } from './sources.ts';

export interface SplitRequest {
  /** The medium. */
  path: string;
  signed: SignedIndex;
  /** Most bytes of a volume. */
  limit: number;
  /** Directory for the volumes and the index. */
  out: string;
  /** Number of the one volume to write. */
  only?: number | undefined;
}

export interface SplitVolume {
  path: string;
  size: number;
  /** Bytes written: 0 for one that was there already. */
  copied: number;
}

/**
 * Cuts a medium into volumes, each chunk checked on its way. It needs no secret key: the medium's index vouches
 * for each volume as it stands. Started again it goes on; good volumes that are there are left alone.
 * @throws CpiabError E1010 when no such volumes can be made, E1017 when the directory has volumes of another
 *   build, E4008 when they don't fit, E2408 when the medium is damaged.
 */
export async function splitMedium(request: SplitRequest, host: ChunkHost): Promise<SplitVolume[]> {
  const { path, out, signed } = request;
  const { index } = signed;
  const wanted = wantedVolumes(request);
  await ensureDirectory(out);
  await rejectOtherBuild(out, signed);
  await rejectFullDisk(out, wanted, index);
  await putIndex(out, signed);
  const sources = new Sources([wholeMedium(path, index)], index);
  const volumes: SplitVolume[] = [];
  try {
    for (const { name, volume, span } of wanted) {
      const final = join(out, name);
      const { copied } = await written(final, volume, span, { index, sources }, host);
      volumes.push({ path: final, size: sizeOf(index, span), copied });
    }
  } finally {
    await sources.close();
  }
  return volumes;
}

interface Wanted {
  name: string;
  volume: Volume;
  span: Span;
}

function wantedVolumes({ path, signed, limit, only }: SplitRequest): Wanted[] {
  const { index } = signed;
  const refuse = (why: string) => new CpiabError('E1010', { subject: path, args: [why, 'cpiab split'] });
  const of = volumesFor(index.chunks.length, limit);
  if (of === null)
    throw refuse(
      `${formatBytes(limit)} makes no volumes of ${formatBytes(index.size)}: 1 to 999 of 1 MiB or more`,
    );
  const all = volumesOf(of).flatMap((volume): Wanted[] => {
    const span = spanOf(volume, index.chunks.length);
    return span === null ? [] : [{ name: volumeName(index.medium, volume), volume, span }];
  });
  const wanted = all.filter(({ volume }) => only === undefined || volume.number === only);
  if (wanted.length === 0) throw refuse(`there is no volume ${only} of ${of}`);
  return wanted;
}

/** A new volume gets its name when it is whole; one that has its name is mended in place. */
async function written(
  final: string,
  volume: Volume,
  span: Span,
  from: { index: ChunkIndex; sources: Sources },
  host: ChunkHost,
): Promise<Mended> {
  const isThere = (await stat(final).catch(() => null)) !== null;
  const piece = { path: isThere ? final : `${final}.new`, volume, ...span };
  const mended = await mend({ piece, ...from, title: `write ${final}` }, host);
  if (mended.lacking.length > 0)
    throw new CpiabError('E2408', { subject: final, args: [places(mended.lacking, piece, from.index)] });
  if (!isThere) await renameDurably(piece.path, final);
  return mended;
}

async function rejectOtherBuild(out: string, { index, text }: SignedIndex): Promise<void> {
  const path = indexPath(out, index.medium);
  const found = await readText(path);
  if (found !== null && found !== text) throw new CpiabError('E1017', { subject: path });
}

async function rejectFullDisk(out: string, wanted: readonly Wanted[], index: ChunkIndex): Promise<void> {
  let needed = 0;
  for (const { name, span } of wanted) {
    const path = join(out, name);
    const found = (await stat(path).catch(() => null)) ?? (await stat(`${path}.new`).catch(() => null));
    needed += Math.max(sizeOf(index, span) - (found?.size ?? 0), 0);
  }
  const free = await freeBytes(out);
  if (needed > free)
    throw new CpiabError('E4008', { subject: out, args: [formatBytes(needed), formatBytes(free)] });
}

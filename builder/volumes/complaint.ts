import { type ChunkIndex, chunkBytes } from '../../contract/chunk-index.ts';
import { CpiabError } from '../../contract/errors.ts';
import { spanOf, volumeName, volumesOf } from '../../contract/volumes.ts';
import { type Checked, isGood } from './check.ts';
import { type Piece, positionIn, sizeOf } from './piece.ts';

/** What is wrong with a piece, or null. */
export function complaintOf(checked: Checked, index: ChunkIndex): CpiabError | null {
  if (isGood(checked, index)) return null;
  const subject = checked.piece.path;
  const own = swappedWith(checked, index);
  if (own !== null) return new CpiabError('E2406', { subject, args: [own] });
  if (isForeign(checked))
    return new CpiabError('E2405', { subject, args: ['no chunk of it is in the index'] });
  return new CpiabError('E2403', { subject, args: [damage(checked, index)] });
}

/** Bad chunks for people: number in the file from 1, and bytes of the file. Neighbours are told together. */
export function places(chunks: readonly number[], piece: Piece, index: ChunkIndex): string {
  const texts = runs(chunks).map(([from, to]) => {
    const [first, last] = [from - piece.first + 1, to - piece.first + 1];
    const end = Math.min(positionIn(piece, to) + chunkBytes, sizeOf(index, piece)) - 1;
    const numbers = first === last ? `chunk ${first}` : `chunks ${first} to ${last}`;
    return `${numbers} of ${piece.count} (bytes ${positionIn(piece, from)} to ${end})`;
  });
  const shown = texts.slice(0, MOST_PLACES).join(', ');
  return texts.length > MOST_PLACES ? `${shown} and ${texts.length - MOST_PLACES} more places` : shown;
}

const MOST_PLACES = 10;

/** Names of what lacks to a whole medium; none where the medium or all volumes of one split are there. */
export function missingNames(pieces: readonly Piece[], { medium }: ChunkIndex): string[] {
  if (pieces.some(({ volume }) => volume === null)) return [];
  const splits = Map.groupBy(pieces, ({ volume }) => volume?.of ?? 0);
  const lacks = [...splits].map(([of, found]) => {
    const here = new Set(found.map(({ volume }) => volume?.number));
    return volumesOf(of).filter(({ number }) => !here.has(number));
  });
  const [fewest] = lacks.toSorted((a, b) => a.length - b.length);
  return fewest?.map((volume) => volumeName(medium, volume)) ?? [medium];
}

function damage({ piece, size, bad }: Checked, index: ChunkIndex): string {
  const expected = sizeOf(index, piece);
  const length = size === expected ? [] : [`it has ${size ?? 0} bytes instead of ${expected}`];
  const chunks = bad.length === 0 ? [] : [places(bad, piece, index)];
  return [...length, ...chunks].join('; ');
}

/** Name of the volume whose chunks most of this one are. */
function swappedWith({ piece, leaves, bad }: Checked, index: ChunkIndex): string | null {
  const { volume, count } = piece;
  if (volume === null || bad.length <= count / 2) return null;
  const holds = volumesOf(volume.of).find((other) => {
    const { first, count: most } = spanOf(other, index.chunks.length) ?? { first: 0, count: 0 };
    const same = leaves.filter((leaf, at) => at < most && leaf === index.chunks[first + at]);
    return other.number !== volume.number && same.length > most / 2;
  });
  return holds === undefined ? null : volumeName(index.medium, holds);
}

/** One bad chunk, or a file that has hardly begun, tells nothing of where it comes from. */
function isForeign({ piece, size, bad }: Checked): boolean {
  return bad.length === piece.count && piece.count > 1 && (size ?? 0) >= 2 * chunkBytes;
}

/** Pairs of first and last of numbers that follow one another. */
function runs(numbers: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else found.push([number, number]);
  }
  return found;
}

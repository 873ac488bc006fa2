import { CpiabError } from '../contract/errors.ts';
import { freeBytes } from './files.ts';
import { ProcessError } from './process.ts';

/**
 * What a write that failed for lack of room means: a write's error doesn't name its file, nor does a program.
 * @param places where it may have been: files or directories.
 * @returns E3009 with the place that has the least room; null for another error.
 */
export async function fullDisk(error: unknown, places: readonly string[]): Promise<CpiabError | null> {
  if (!isLackOfRoom(error)) return null;
  const free = await Promise.all(
    places.map(async (place) => ({
      place,
      bytes: await freeBytes(place).catch(() => Number.POSITIVE_INFINITY),
    })),
  );
  const [fullest] = free.toSorted((a, b) => a.bytes - b.bytes);
  return new CpiabError('E3009', { subject: fullest?.place ?? 'a file', cause: error });
}

function isLackOfRoom(error: unknown): boolean {
  if (error instanceof ProcessError) return /No space left on device|Disk quota exceeded/.test(error.stderr);
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

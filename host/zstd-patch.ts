import { stat } from 'node:fs/promises';
import { run } from './process.ts';

/** Long enough a window for any blob that zstd will load as a reference. Source: zstd(1), --patch-from. */
const MOST = 2 ** 31 - 2 ** 20;

/** Whether zstd can take a file of this size as a reference; it holds it in memory. */
export const isPatchable = (...sizes: number[]) => sizes.every((size) => size < MOST);

/**
 * Writes what turns one file into another: a Zstandard frame that refers to the first.
 * Level 3 measured on squashfs modules: higher levels save nothing, as both sides are compressed already.
 * @returns bytes of the patch.
 */
export async function makePatch(
  from: string,
  to: string,
  patch: string,
  signal: AbortSignal,
): Promise<number> {
  await run(['zstd', '-3', '--long=31', '--quiet', '--force', `--patch-from=${from}`, to, '-o', patch], {
    signal,
  });
  return (await stat(patch)).size;
}

/** Turns a file into the other by its patch. What comes must be checked by its digest. */
export async function applyPatch(
  from: string,
  patch: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const argv = [
    'zstd',
    '--decompress',
    '--long=31',
    '--quiet',
    '--force',
    `--patch-from=${from}`,
    patch,
    '-o',
    to,
  ];
  await run(argv, { signal });
}

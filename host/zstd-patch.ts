import { stat } from 'node:fs/promises';
import { CpiabError } from '../contract/errors.ts';
import type { Digest } from '../contract/manifest.ts';
import { ProcessError, run } from './process.ts';

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

export interface Patched {
  /** The file that the patch refers to, and the patch. */
  from: string;
  patch: string;
  /** Where the other one goes, which must have this digest. */
  to: string;
  digest: Digest;
  /** Bytes of it: a few of a patch can stand for any number. */
  size: number;
}

/**
 * Turns a file into the other by its patch. What comes must be checked by its digest.
 * @throws CpiabError E2103 for a patch that is damaged, or of another file; what zstd says otherwise.
 */
export async function applyPatch(
  { from, patch, to, digest, size }: Patched,
  signal: AbortSignal,
): Promise<void> {
  // Source: setrlimit(2), RLIMIT_FSIZE.
  const limit = ['prlimit', `--fsize=${size}`];
  const zstd = ['zstd', '--decompress', '--long=31', '--quiet', '--force', `--patch-from=${from}`];
  await run([...limit, ...zstd, patch, '-o', to], { signal }).catch((cause: unknown) => {
    const isDamaged =
      cause instanceof ProcessError &&
      (cause.failure === 'signal' || /decod|frame|format/i.test(cause.stderr));
    throw isDamaged ? new CpiabError('E2103', { subject: digest, cause }) : cause;
  });
}

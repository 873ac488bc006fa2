import { resolve } from 'node:path';
import type { OpenBundle } from '../builder/verify/medium.ts';
import type { CliContext } from './context.ts';

/**
 * Opens a medium or bundle that somebody names, and reads its manifest.
 * @param key path of a minisign public key; else one of this machine's.
 * @throws CpiabError E1006, E2101, E2102, E2106.
 */
export async function openBundle(
  path: string,
  key: string | undefined,
  { signal }: CliContext,
): Promise<OpenBundle> {
  const { openMedium } = await import('../builder/verify/open.ts');
  const { readManifest } = await import('../builder/verify/verify.ts');
  const { trustedKey } = await import('../builder/verify/trusted-key.ts');
  const medium = await openMedium(resolve(path), signal);
  return { medium, manifest: await readManifest(medium, await trustedKey(medium, key)) };
}

import { resolve } from 'node:path';
import type { Medium, OpenBundle } from '../builder/verify/medium.ts';
import type { TrustedKey } from '../host/rotation.ts';
import type { CliContext } from './context.ts';

/**
 * Opens a medium or bundle that somebody names, and finds the key to check it with. Nothing is checked yet.
 * @param keyFile path of a minisign public key; else one of this machine's.
 * @throws CpiabError E1004, E1006, E2101, E2102, E2106.
 */
export async function openWithKey(
  path: string,
  keyFile: string | undefined,
  { signal }: CliContext,
): Promise<{ medium: Medium; key: TrustedKey }> {
  const { openMedium } = await import('../builder/verify/open.ts');
  const { trustedKey } = await import('../builder/verify/trusted-key.ts');
  const medium = await openMedium(resolve(path), signal);
  return { medium, key: await trustedKey(medium, keyFile) };
}

/** Opens it and reads its manifest. @throws CpiabError what `openWithKey` throws, E2105. */
export async function openBundle(
  path: string,
  keyFile: string | undefined,
  context: CliContext,
): Promise<OpenBundle> {
  const { readManifest } = await import('../builder/verify/verify.ts');
  const { medium, key } = await openWithKey(path, keyFile, context);
  return { medium, manifest: await readManifest(medium, key) };
}

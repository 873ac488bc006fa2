import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles } from '../../contract/layout.ts';
import type { Digest, Manifest } from '../../contract/manifest.ts';
import { isRotationFile } from '../../contract/rotation.ts';
import { versionText } from '../../contract/update.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { readManifest, type SignedManifest, type Trust } from '../verify/manifest.ts';

/** The bundle that a delta starts from. */
export interface Base {
  digest: Digest;
  /** For people. */
  name: string;
}

/** What lies beside the blobs of a bundle, by name. */
export type Papers = ReadonlyMap<string, Uint8Array>;

const named: readonly string[] = Object.values(bundleFiles);

/** Whether a bundle may have a file of this name beside its blobs: it becomes a path. */
export const isPaper = (name: string) =>
  (named.includes(name) && !name.includes('/')) || isRotationFile(name);

/** @throws CpiabError E2301 when a delta starts from another version than the one that runs. */
export function requireBase({ digest, name }: Base, running: SignedManifest): void {
  if (digest === running.digest) return;
  const { manifest } = running;
  const found = `${manifest.site} ${versionText(manifest)}`;
  throw new CpiabError('E2301', { subject: 'the update', args: [name, found] });
}

/**
 * Whether an update may come in, by its papers alone.
 * @param judge refuses by an error what must not follow the version that runs.
 * @throws CpiabError E2101… not signed so, E2103, E2105 for a paper that is another one or not there, what `judge` throws.
 */
export async function admit(
  papers: Papers,
  trust: Trust,
  judge: (manifest: Manifest) => void,
): Promise<SignedManifest> {
  const signed = await readPapers(papers, trust);
  for (const [name, digest] of Object.entries(signed.manifest.files)) {
    const bytes = papers.get(name);
    if (bytes === undefined) throw new CpiabError('E2105', { subject: name });
    if (digestOfBytes(bytes) !== digest) throw new CpiabError('E2103', { subject: name });
  }
  judge(signed.manifest);
  return signed;
}

/** In memory, as the rest of a root file system of a box. */
async function readPapers(papers: Papers, trust: Trust): Promise<SignedManifest> {
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-papers-'));
  try {
    for (const [name, bytes] of papers) await writeFile(join(directory, name), bytes);
    return await readManifest(directory, trust);
  } finally {
    await rm(directory, { recursive: true });
  }
}

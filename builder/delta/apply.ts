import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Delta, deltaMembers } from '../../contract/delta.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { hexOf, type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { copyChecked } from '../../host/checked-copy.ts';
import { readDelta } from '../../host/delta-file.ts';
import { linkOrCopy, renameDurably } from '../../host/files.ts';
import { fullDisk } from '../../host/full-disk.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import type { TrustedKey } from '../../host/rotation.ts';
import { applyPatch } from '../../host/zstd-patch.ts';
import { bundleView } from '../verify/blob.ts';
import { openDirectory } from '../verify/directory.ts';
import type { Medium } from '../verify/medium.ts';
import { readManifest, verifyMedium } from '../verify/verify.ts';
import { extractBlobs } from './extract.ts';
import { nameOf } from './write.ts';

export interface ApplyRequest {
  base: Medium;
  /** Path of the delta file. */
  delta: string;
  /** Directory that the new bundle becomes; must not be there. */
  out: string;
  /** The key to check each of the two with: the site's may have been replaced in between. */
  trust: (medium: Medium) => Promise<TrustedKey>;
  signal: AbortSignal;
}

/**
 * Makes a bundle from an older one and a delta. The result is checked as `cpiab verify` does before it gets
 * its name, so it is the target's bundle to the byte, or it isn't there.
 * @throws CpiabError E2301 the delta starts from another bundle, E2303 the file is no delta, E1017 `out` is
 *   there already, E21xx something is damaged or not signed by the key.
 */
export async function applyDelta(request: ApplyRequest): Promise<{ head: Delta; manifest: Manifest }> {
  const { base, out, trust, signal } = request;
  await rejectExisting(out);
  const old = await readManifest(base, await trust(base));
  const fresh = `${out}.new`;
  await rm(fresh, { recursive: true, force: true });
  try {
    const scratch = join(fresh, '.delta');
    const head = await unpack(request, old, scratch);
    const manifest = await rebuild({ ...request, old, head, scratch, fresh });
    await rm(scratch, { recursive: true, force: true });
    const made = openDirectory(fresh);
    await verifyMedium(made, await trust(made), signal);
    await renameDurably(fresh, out);
    return { head, manifest };
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw (await fullDisk(error, [dirname(out)])) ?? error;
  }
}

async function rejectExisting(out: string): Promise<void> {
  const found = await stat(out).catch(() => null);
  if (found !== null) throw new CpiabError('E1017', { subject: out });
}

/** Lays the members of the file out in a directory. */
async function unpack(
  { base, delta, signal }: ApplyRequest,
  old: Manifest,
  directory: string,
): Promise<Delta> {
  await mkdir(join(directory, 'blobs'), { recursive: true });
  return await readDelta(delta, {
    head: (head) => rejectOtherBase(base, old, head),
    member: (name, content) => pipeline(content, createWriteStream(join(directory, name)), { signal }),
  });
}

async function rejectOtherBase(base: Medium, old: Manifest, head: Delta): Promise<void> {
  const found = digestOfBytes(await base.read(`${layout.bundle}/${bundleFiles.manifest}`));
  if (found === head.base.digest) return;
  const args: [string, string] = [nameOf({ site: head.site, ...head.base }), nameOf(old)];
  throw new CpiabError('E2301', { subject: base.path, args });
}

interface Rebuild extends ApplyRequest {
  old: Manifest;
  head: Delta;
  scratch: string;
  fresh: string;
}

async function rebuild({ base, old, head, scratch, fresh, signal }: Rebuild): Promise<Manifest> {
  const pool = join(fresh, bundleFiles.blobs);
  // Trusted only once the whole result has verified; until then it says where things go.
  const manifest = ManifestSchema.parse(
    JSON.parse(await readFile(join(scratch, bundleFiles.manifest), 'utf8')),
  );
  const made = new Map(head.blobs.map((blob) => [blob.digest, blob]));
  const kept = manifest.blobs.map(({ digest }) => digest).filter((digest) => !made.has(digest));
  const known = new Set(old.blobs.map(({ digest }) => digest));
  await extractBlobs(base, new Set(kept), pool, signal);
  const sources = head.blobs.flatMap(({ from }) => (from !== undefined && known.has(from) ? [from] : []));
  const sourcePool = join(scratch, 'base');
  await extractBlobs(base, new Set(sources), sourcePool, signal);
  for (const { digest, from, size } of head.blobs) {
    const stored = join(scratch, deltaMembers.blob(hexOf(digest)));
    const path = join(scratch, hexOf(digest));
    if (from !== undefined)
      await applyPatch(
        { from: join(sourcePool, hexOf(from)), patch: stored, to: path, digest, size },
        signal,
      );
    await copyChecked(
      createReadStream(from === undefined ? stored : path),
      join(pool, hexOf(digest)),
      digest,
      signal,
      size,
    );
  }
  for (const name of [bundleFiles.manifest, bundleFiles.signature, ...Object.keys(manifest.files)])
    await writeFile(join(fresh, name), await readFile(join(scratch, name)));
  await writeView(fresh, manifest);
  return manifest;
}

/** The registry's view follows from the image manifests. */
async function writeView(fresh: string, manifest: Manifest): Promise<void> {
  const { links, blobs } = await bundleView({ medium: openDirectory(fresh), manifest });
  const place = async (path: string) => {
    const target = join(fresh, path);
    await mkdir(dirname(target), { recursive: true });
    return target;
  };
  for (const [path, digest] of links) await writeFile(await place(path), digest);
  for (const [path, digest] of blobs)
    await linkOrCopy(join(fresh, bundleFiles.blobs, hexOf(digest)), await place(path));
}

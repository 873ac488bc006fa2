import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { type Delta, deltaMembers } from '../../contract/delta.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { type Digest, hexOf, type Manifest } from '../../contract/manifest.ts';
import { stableJson } from '../../host/cache.ts';
import { renameDurably } from '../../host/files.ts';
import { fullDisk } from '../../host/full-disk.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { isPatchable, makePatch } from '../../host/zstd-patch.ts';
import type { OpenBundle } from '../verify/medium.ts';
import { extractBlobs } from './extract.ts';
import { type DeltaPlan, type NewBlob, planDelta } from './plan.ts';

export interface DeltaRequest {
  base: OpenBundle;
  target: OpenBundle;
  /** Where the file goes. */
  out: string;
  /** Empty directory on the same file system. */
  scratch: string;
  signal: AbortSignal;
  /** Hears what is planned before any work. */
  onPlan: (plan: DeltaPlan) => void;
}

/** A patch that saves less than a tenth is not worth its time on the other side. */
const WORTH = 0.9;

/**
 * Writes what turns one bundle into another. Times and owners are fixed, so the same two give the same file.
 * @throws CpiabError E2301 for bundles of two sites or in the wrong order.
 */
export async function writeDelta(request: DeltaRequest): Promise<Delta> {
  return await makeDelta(request).catch(async (error: unknown) => {
    throw (await fullDisk(error, [request.scratch])) ?? error;
  });
}

async function makeDelta(request: DeltaRequest): Promise<Delta> {
  const { base, target, out, scratch, signal } = request;
  rejectUnrelated(base, target);
  const plan = planDelta(base.manifest, target.manifest);
  request.onPlan(plan);
  const [from, to] = [join(scratch, 'base'), join(scratch, 'target')];
  await extractBlobs(target.medium, new Set(plan.blobs.map(({ blob }) => blob.digest)), to, signal);
  const sources = plan.blobs.flatMap((item) => (patchSource(item) ? [patchSource(item) as Digest] : []));
  await extractBlobs(base.medium, new Set(sources), from, signal);
  const blobs: Delta['blobs'] = [];
  for (const item of plan.blobs) blobs.push(await store(item, { from, to, signal }));
  const head = await headOf(base, target, blobs);
  const fresh = join(scratch, 'delta');
  await writeTar(fresh, head, await signedFiles(target), (hex) => join(to, hex), signal);
  await renameDurably(fresh, out);
  return head;
}

function rejectUnrelated(base: OpenBundle, target: OpenBundle): void {
  const [one, other] = [base.manifest, target.manifest];
  if (one.site === other.site && one.sequence <= other.sequence) return;
  const args: [string, string] = [nameOf(one), nameOf(other)];
  throw new CpiabError('E2302', { subject: target.medium.path, args });
}

export const nameOf = ({ site, revision, sequence }: Pick<Manifest, 'site' | 'revision' | 'sequence'>) =>
  `${site} ${revision.slice(0, 12)} (sequence ${sequence})`;

function patchSource({ blob, from }: NewBlob): Digest | null {
  return from !== null && isPatchable(blob.size, from.size) ? from.digest : null;
}

/** Leaves in `to`, under the blob's name, what the file will hold of it. */
async function store(
  item: NewBlob,
  { from, to, signal }: { from: string; to: string; signal: AbortSignal },
): Promise<Delta['blobs'][number]> {
  const { digest, size } = item.blob;
  const whole = { digest, size, stored: size };
  const source = patchSource(item);
  if (source === null) return whole;
  const path = join(to, hexOf(digest));
  const stored = await makePatch(join(from, hexOf(source)), path, `${path}.patch`, signal);
  return stored < size * WORTH ? { digest, size, stored, from: source } : whole;
}

async function headOf(base: OpenBundle, target: OpenBundle, blobs: Delta['blobs']): Promise<Delta> {
  const about = async ({ medium, manifest: { sequence, revision } }: OpenBundle) => {
    const text = await medium.read(`${layout.bundle}/${bundleFiles.manifest}`);
    return { digest: digestOfBytes(text), sequence, revision };
  };
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'Delta',
    site: target.manifest.site,
    base: await about(base),
    target: await about(target),
    blobs,
  };
}

/** What of a bundle is no blob: the manifest, its signature, and what they vouch for. */
async function signedFiles({ medium, manifest }: OpenBundle): Promise<Map<string, Buffer>> {
  const names = [bundleFiles.manifest, bundleFiles.signature, ...Object.keys(manifest.files).toSorted()];
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await medium.read(`${layout.bundle}/${name}`)] as const),
    ),
  );
}

async function writeTar(
  path: string,
  head: Delta,
  files: Map<string, Buffer>,
  stored: (hex: string) => string,
  signal: AbortSignal,
): Promise<void> {
  const archive = pack();
  const written = pipeline(archive, createWriteStream(path), { signal });
  const fill = async () => {
    const entry = (name: string, size: number) =>
      archive.entry({ name, size, mode: 0o644, mtime: new Date(0) });
    const text = `${stableJson(head, 1)}\n`;
    entry(deltaMembers.head, Buffer.byteLength(text)).end(text);
    for (const [name, bytes] of files) entry(name, bytes.length).end(bytes);
    for (const { digest, stored: size, from } of head.blobs) {
      const source = `${stored(hexOf(digest))}${from === undefined ? '' : '.patch'}`;
      await pipeline(
        createReadStream(source, { highWaterMark: 1 << 20 }),
        entry(deltaMembers.blob(hexOf(digest)), size),
      );
    }
    archive.finalize();
  };
  await Promise.all([written, failing(fill(), archive)]);
}

/** A failure while filling ends the stream too, so that nobody waits for it. */
async function failing(work: Promise<void>, archive: Pack): Promise<void> {
  await work.catch((error: unknown) => {
    archive.destroy(error as Error);
    throw error;
  });
}

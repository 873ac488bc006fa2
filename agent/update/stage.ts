import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles } from '../../contract/layout.ts';
import { type Digest, digestOf, hexOf, type Manifest } from '../../contract/manifest.ts';
import { formatBytes } from '../../contract/units.ts';
import { freeBytes, sha256File } from '../../host/files.ts';
import { applyPatch } from '../../host/zstd-patch.ts';
import { checkSlot } from '../slots/check.ts';
import type { MountedSlot, Slots } from '../slots/slots.ts';
import { SlotWriter } from '../slots/write.ts';
import type { SignedManifest, Trust } from '../verify/manifest.ts';
import { admit, type Base, requireBase } from './admit.ts';
import { readPaper, readUpdate, type UpdateReader } from './update-file.ts';

export interface StageRequest {
  /** Path of a delta, or of a tarball of a bundle. */
  file: string;
  slots: Pick<Slots, 'emptyOther' | 'readOther'>;
  /** Directory of the bundle that runs. */
  bundle: string;
  running: SignedManifest;
  trust: Trust;
  /** Directory for what is in the making, emptied at both ends. */
  scratch: string;
  /** Refuses by an error what must not follow, before anything is written. */
  judge: (manifest: Manifest) => void;
  progress: (detail: string) => void;
  signal: AbortSignal;
}

/**
 * Writes a new version into the other slot and reads it back. Nothing is written there before its
 * signature is good and the box's rules let it in; the slot that runs is only read.
 * @throws CpiabError E2101… not signed so or damaged, E2301 another base, E5305 too large, what `judge` throws.
 */
export async function stageUpdate(request: StageRequest): Promise<SignedManifest> {
  const { file, scratch, slots, trust, signal, progress } = request;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const staging = new Staging(request);
  try {
    await readUpdate(file, staging);
    const staged = await staging.complete();
    progress('reading back what was written');
    const slot = await slots.readOther(signal);
    const found = await checkSlot(slot.root, trust, signal).finally(() => slot.close());
    if (found.digest !== staged.digest) throw new CpiabError('E2103', { subject: staged.digest });
    return staged;
  } finally {
    await staging.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** One update on its way from its file to the slot. */
class Staging implements UpdateReader {
  readonly #request: StageRequest;
  readonly #papers = new Map<string, Buffer>();
  readonly #written = new Set<Digest>();
  #open: { slot: MountedSlot; writer: SlotWriter; signed: SignedManifest; wanted: Set<Digest> } | null = null;

  constructor(request: StageRequest) {
    this.#request = request;
  }

  async base(base: Base): Promise<void> {
    requireBase(base, this.#request.running);
  }

  async paper(name: string, content: Readable): Promise<void> {
    this.#papers.set(name, await readPaper(name, content));
  }

  async blob(hex: string, from: Digest | null, content: Readable): Promise<void> {
    const { writer, wanted } = await this.#opened();
    const digest = digestOf(hex);
    // Nothing that the manifest doesn't list has a place.
    if (!wanted.has(digest) || this.#written.has(digest)) return void content.resume();
    this.#tell();
    if (from === null) await writer.add(digest, content, this.#request.signal);
    else await this.#patch(digest, from, content, writer);
    this.#written.add(digest);
  }

  /** Takes what the file lacks from the version that runs, and writes what is no blob. */
  async complete(): Promise<SignedManifest> {
    const { slot, writer, signed, wanted } = await this.#opened();
    const { signal } = this.#request;
    for (const digest of wanted) {
      if (this.#written.has(digest)) continue;
      this.#tell();
      const source = createReadStream(this.#runningBlob(digest), { highWaterMark: 1 << 20 });
      await writer.add(digest, source, signal).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? new CpiabError('E2105', { subject: digest, cause: error }) : error;
      });
      this.#written.add(digest);
    }
    await writer.finish();
    this.#open = null;
    await slot.close();
    return signed;
  }

  async close(): Promise<void> {
    await this.#open?.slot.close();
  }

  async #opened() {
    this.#open ??= await this.#begin();
    return this.#open;
  }

  async #begin() {
    const { trust, judge, slots, signal } = this.#request;
    const signed = await admit(this.#papers, trust, judge);
    const slot = await slots.emptyOther(signal);
    await requireRoom(slot, signed.manifest);
    const named = [bundleFiles.manifest, bundleFiles.signature, ...Object.keys(signed.manifest.files)];
    const papers = new Map([...this.#papers].filter(([name]) => named.includes(name)));
    const writer = new SlotWriter(slot.root, { ...signed, papers });
    await writer.begin();
    return { slot, writer, signed, wanted: new Set(signed.manifest.blobs.map(({ digest }) => digest)) };
  }

  async #patch(digest: Digest, from: Digest, content: Readable, writer: SlotWriter): Promise<void> {
    const { scratch, signal } = this.#request;
    const patch = join(scratch, 'patch');
    // Its room is that of the whole file, which was asked for before it came.
    await pipeline(content, createWriteStream(patch), { signal });
    const base = this.#runningBlob(from);
    if ((await stat(base).catch(() => null)) === null) throw new CpiabError('E2105', { subject: from });
    await applyPatch(
      { from: base, patch, to: writer.pathOf(digest), digest, size: writer.sizeOf(digest) },
      signal,
    );
    const { sha256 } = await sha256File(writer.pathOf(digest), signal);
    if (digestOf(sha256) !== digest) throw new CpiabError('E2103', { subject: digest });
  }

  #runningBlob(digest: Digest): string {
    return join(this.#request.bundle, bundleFiles.blobs, hexOf(digest));
  }

  #tell(): void {
    const { wanted } = this.#open ?? {};
    this.#request.progress(`${this.#written.size} of ${wanted?.size ?? 0} blobs are in the other slot`);
  }
}

/** @throws CpiabError E5305 for a bundle that the slot cannot hold; a hundredth is for what is no blob. */
async function requireRoom({ root, close }: MountedSlot, { blobs }: Manifest): Promise<void> {
  const needs = blobs.reduce((sum, { size }) => sum + Math.ceil(size / 4096) * 4096, 0) * 1.01;
  const free = await freeBytes(root);
  if (needs <= free) return;
  await close();
  const args: [string, string] = [formatBytes(needs), formatBytes(free)];
  throw new CpiabError('E5305', { subject: 'the other slot', args });
}

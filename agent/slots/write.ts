import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { grubMenu, markPath, mediumId, menuPath } from '../../contract/boot-menu.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { type Digest, hexOf, type Manifest } from '../../contract/manifest.ts';
import { servedView } from '../../contract/served-view.ts';
import { copyChecked } from '../../host/checked-copy.ts';
import { linkOrCopy } from '../../host/files.ts';
import { run } from '../../host/process.ts';

/** A bundle to be written: its signature is good, its blobs come one by one. */
export interface SlotBundle {
  manifest: Manifest;
  /** Digest of the manifest's own bytes. */
  digest: Digest;
  /** What is no blob, by name: the manifest, its signature, and the files that the manifest lists. */
  papers: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes the file tree of a medium below a directory: first its blobs, in any order, then `finish`. What
 * boots it comes last, so that a tree that was cut off is none.
 */
export class SlotWriter {
  readonly #root: string;
  readonly #bundle: SlotBundle;

  /** @param root an empty directory. */
  constructor(root: string, bundle: SlotBundle) {
    this.#root = root;
    this.#bundle = bundle;
  }

  /** Makes the directory that blobs go to. */
  async begin(): Promise<void> {
    await mkdir(join(this.#root, medium.bundle, bundleFiles.blobs), { recursive: true });
  }

  /** Where a blob is. */
  pathOf(digest: Digest): string {
    return join(this.#root, medium.bundle, bundleFiles.blobs, hexOf(digest));
  }

  /** Writes a blob, and no more than it has. @throws CpiabError E2103 for content that isn't what it is called. */
  async add(digest: Digest, content: NodeJS.ReadableStream, signal: AbortSignal): Promise<void> {
    await copyChecked(content, this.pathOf(digest), digest, signal, this.sizeOf(digest));
  }

  /** Bytes of a blob, as the manifest has it. */
  sizeOf(digest: Digest): number {
    return this.#bundle.manifest.blobs.find((blob) => blob.digest === digest)?.size ?? 0;
  }

  /** Writes all else, once every blob is there, and waits until it is on the disk. */
  async finish(): Promise<void> {
    const { manifest, papers, digest } = this.#bundle;
    const view = await servedView(manifest, (blob) => readFile(this.pathOf(blob)));
    const inBundle = (name: string) => `${medium.bundle}/${name}`;
    for (const [path, blob] of view.blobs) await this.#link(inBundle(path), blob);
    for (const [path, blob] of view.links) await this.#write(inBundle(path), blob);
    for (const [path, blob] of Object.entries(manifest.links)) await this.#link(path, blob);
    for (const [name, bytes] of papers) await this.#write(inBundle(name), bytes);
    await this.#sync();
    const id = mediumId(digest);
    await this.#write(markPath(id), '');
    await this.#write(menuPath, grubMenu(id));
    await this.#sync();
  }

  async #link(path: string, blob: Digest): Promise<void> {
    await linkOrCopy(this.pathOf(blob), await this.#place(path));
  }

  async #write(path: string, content: string | Uint8Array): Promise<void> {
    await writeFile(await this.#place(path), content);
  }

  async #place(path: string): Promise<string> {
    const target = join(this.#root, path);
    await mkdir(dirname(target), { recursive: true });
    return target;
  }

  /** A slot has no journal: its content is on the disk before what boots it is written. */
  async #sync(): Promise<void> {
    await run(['sync', '--file-system', this.#root]);
  }
}

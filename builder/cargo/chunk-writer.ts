import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupMember } from '../../contract/backup.ts';
import { type CargoChunk, cargoFiles, chunkPath } from '../../contract/cargo.ts';
import type { Identity, Recipient } from '../../host/age/keys.ts';
import { run } from '../../host/process.ts';
import { packPatch, packWhole, sealed, unpack, unsealed } from './chunk-file.ts';
import { Chunker } from './chunker.ts';
import type { Earlier } from './earlier.ts';
import type { ChunkNames } from './names.ts';

/** Chunks that are compressed and written at a time: libuv has as many threads. */
const PARALLEL = 4;

/** For whom chunks are. */
interface ChunkKeys {
  names: ChunkNames;
  recipients: readonly Recipient[];
  /** The sender's own: one of the recipients. */
  identity: Identity;
}

export interface WrittenContent {
  /** By their place among all that were written. */
  chunks: number[];
  /** Bytes of each one's content. */
  sizes: number[];
}

/** Writes content in chunks, and of those only what the directory does not have. */
export class ChunkWriter {
  /** All that the cargo has: those of the content by the order in which they came, then bases of patches. */
  readonly chunks: CargoChunk[] = [];
  /** What was not there before. */
  readonly written = { chunks: 0, bytes: 0 };
  readonly #directory: string;
  readonly #keys: ChunkKeys;
  readonly #earlier: Earlier;
  readonly #chunker: Chunker;
  readonly #numbers = new Map<string, number>();
  readonly #bases = new Map<string, CargoChunk>();
  readonly #running = new Set<Promise<void>>();
  #content: WrittenContent = { chunks: [], sizes: [] };

  constructor(directory: string, keys: ChunkKeys, earlier: Earlier) {
    this.#directory = directory;
    this.#keys = keys;
    this.#earlier = earlier;
    this.#chunker = new Chunker(keys.names.gear);
  }

  begin(member: BackupMember): void {
    this.#earlier.begin(member);
  }

  async push(part: Buffer): Promise<void> {
    for (const chunk of this.#chunker.push(part)) await this.#put(chunk);
  }

  /** Ends one content; the next push begins another. */
  async end(): Promise<WrittenContent> {
    for (const chunk of this.#chunker.end()) await this.#put(chunk);
    await Promise.all(this.#running);
    const content = this.#content;
    this.#content = { chunks: [], sizes: [] };
    return content;
  }

  /** After the last content: brings everything to the disk. */
  async finish(signal: AbortSignal): Promise<void> {
    for (const base of this.#bases.values()) if (!this.#numbers.has(base.id)) this.chunks.push(base);
    await run(['sync', '--file-system', this.#directory], { signal });
  }

  /** Removes chunks of earlier cargo. */
  async prune(): Promise<void> {
    const root = join(this.#directory, cargoFiles.chunks);
    const kept = new Set(this.chunks.map(({ id }) => id));
    for (const folder of await readdir(root))
      for (const name of await readdir(join(root, folder)))
        if (!kept.has(name)) await rm(join(root, folder, name));
  }

  async #put(content: Buffer): Promise<void> {
    const id = this.#keys.names.of(content);
    const before = this.#earlier.follow(id, content.length);
    const known = this.#numbers.get(id);
    const number = known ?? this.chunks.length;
    this.#content.chunks.push(number);
    this.#content.sizes.push(content.length);
    if (known !== undefined) return;
    this.#numbers.set(id, number);
    // Its place is taken now: they end in another order than they begin.
    this.chunks.push({ id, sha256: '', size: 0 });
    const work = this.#store(id, content, before).then((chunk) => {
      this.chunks[number] = chunk;
      this.#running.delete(work);
    });
    // Whoever waits for one of them is told of it.
    work.catch(() => {});
    this.#running.add(work);
    if (this.#running.size >= PARALLEL) await Promise.race(this.#running);
  }

  async #store(id: string, content: Buffer, before: string | null): Promise<CargoChunk> {
    const [there, base] = (await this.#earlier.find(id)) ?? (await this.#left(id));
    if (there !== undefined) {
      if (base !== undefined) this.#bases.set(base.id, base);
      return there;
    }
    const patch = before === null ? null : await this.#patch(content, before);
    if (patch !== null) return { ...(await this.#write(id, patch)), base: before as string };
    return await this.#write(id, await packWhole(content));
  }

  /** What a seal that was cut off has written. A file that a power cut has spoilt is none. */
  async #left(id: string): Promise<CargoChunk[]> {
    const file = await readFile(join(this.#directory, chunkPath(id))).catch(() => null);
    if (file === null) return [];
    const content = async () => await unpack(await unsealed(file, [this.#keys.identity]), undefined);
    const found = await content().then(this.#keys.names.of.bind(this.#keys.names), () => null);
    return found === id ? [described(id, file)] : [];
  }

  async #patch(content: Buffer, before: string): Promise<Buffer | null> {
    const [base] = (await this.#earlier.find(before)) ?? [];
    const plain = base === undefined ? null : await this.#earlier.content(before);
    const patch = plain === null ? null : await packPatch(content, plain);
    if (base !== undefined && patch !== null) this.#bases.set(before, base);
    return patch;
  }

  async #write(id: string, packed: Buffer): Promise<CargoChunk> {
    const file = await sealed(packed, this.#keys.recipients);
    const path = join(this.#directory, chunkPath(id));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, file);
    await rename(`${path}.new`, path);
    this.written.chunks += 1;
    this.written.bytes += file.length;
    return described(id, file);
  }
}

const described = (id: string, file: Buffer): CargoChunk => ({
  id,
  sha256: createHash('sha256').update(file).digest('hex'),
  size: file.length,
});

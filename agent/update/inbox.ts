import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import { type Digest, digestOf, hexOf } from '../../contract/manifest.ts';
import { formatBytes } from '../../contract/units.ts';
import { freeBytes, sha256File } from '../../host/files.ts';
import { atMost } from '../../host/hashing.ts';

/** Left for the box's own writes, bytes. */
const RESERVE = 256 << 20;

/** The whole file, and where a part of it goes. */
export interface Part {
  digest: Digest;
  /** Bytes of the whole file. */
  length: number;
  /** Where the part begins. */
  offset: number;
}

/** Files of updates that come in parts. There is room for one: another one's parts are thrown away. */
export class Inbox {
  readonly #directory: string;

  /** @param directory on the data partition. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  pathOf(digest: Digest): string {
    return join(this.#directory, `${hexOf(digest)}.part`);
  }

  /** Bytes that are there of a file. */
  async received(digest: Digest): Promise<number> {
    return (await stat(this.pathOf(digest)).catch(() => null))?.size ?? 0;
  }

  /**
   * Appends a part, on the disk when this returns. One that begins elsewhere than at the end is not taken.
   * @returns bytes that are there now.
   * @throws CpiabError E5305 without room for the whole file, E2103 when it is complete and another one.
   */
  async append({ digest, length, offset }: Part, content: NodeJS.ReadableStream, signal: AbortSignal) {
    await this.#keepOnly(digest);
    if (offset !== (await this.received(digest))) return await this.received(digest);
    const free = (await freeBytes(this.#directory)) - RESERVE;
    if (length - offset > free) {
      const args: [string, string] = [formatBytes(length - offset), formatBytes(Math.max(0, free))];
      throw new CpiabError('E5305', { subject: 'the data partition', args });
    }
    const path = this.pathOf(digest);
    const tooMuch = () => new Error('more bytes than were announced');
    const file = createWriteStream(path, { flags: 'a' });
    await pipeline(content, atMost(length - offset, tooMuch), file, { signal });
    await syncFile(path);
    const received = await this.received(digest);
    if (received === length) await this.#check(digest, signal);
    return received;
  }

  /** The whole file. @throws CpiabError E2103 at its end, when it is another one by now; it is thrown away then. */
  async *read(digest: Digest): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    for await (const part of createReadStream(this.pathOf(digest)) as AsyncIterable<Buffer>) {
      hash.update(part);
      yield part;
    }
    await this.#require(digest, hash.digest('hex'));
  }

  /** Throws everything away. */
  async empty(): Promise<void> {
    await this.#keepOnly(null);
  }

  async #check(digest: Digest, signal: AbortSignal): Promise<void> {
    const { sha256 } = await sha256File(this.pathOf(digest), signal);
    await this.#require(digest, sha256);
  }

  async #require(digest: Digest, sha256: string): Promise<void> {
    if (digestOf(sha256) === digest) return;
    await this.empty();
    throw new CpiabError('E2103', { subject: digest });
  }

  async #keepOnly(digest: Digest | null): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const kept = digest === null ? '' : `${hexOf(digest)}.part`;
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith('.part') && name !== kept);
    await Promise.all(names.map((name) => rm(join(this.#directory, name), { force: true })));
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}

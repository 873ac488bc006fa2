import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { type Cache, type CachedFile, keyDigest } from '../../host/cache.ts';
import { writeAtomic } from '../../host/files.ts';
import { holdWhenFree } from '../../host/hold.ts';
import { append, LEAST_PROGRESS, openPartial, type PartialFile } from './partial.ts';
import { type Answer, discard } from './redirects.ts';
import { Retryable, withRetries } from './retry.ts';
import type { Web } from './web.ts';

export interface FileRequest {
  url: string;
  /** What it must be; 64 hexadecimal digits. */
  sha256?: string | undefined;
  /** Bytes, where they are known. */
  size?: number | undefined;
}

export interface FileContext {
  cache: Cache;
  signal: AbortSignal;
  /** Hears of bytes as they come. */
  onBytes: (count: number) => void;
  pauses?: readonly number[];
}

/** One download: the request, and where what has come of it lies. */
interface Download {
  web: Web;
  request: FileRequest;
  context: FileContext;
  /** File beside the partial one that says which version of the file it is of. */
  mark: string;
}

/** Tells one version of a file from another. Source: RFC 9110 section 8.8. */
const MarkSchema = z.strictObject({ validator: z.string() });

/**
 * Brings a file into the cache's pool, hashed on its way to the disk. What an interrupted download left is
 * gone on with where the server still has the same version (RFC 9110 section 13.1.5); a pinned file that is
 * there already needs no server.
 * @throws CpiabError E2130 when it has another digest than expected: nothing of it is kept; E3040 no answer,
 *   and what `Web.get` throws.
 */
export async function fetchFile(web: Web, request: FileRequest, context: FileContext): Promise<CachedFile> {
  const { cache, signal } = context;
  const kept = await inPool(request, cache);
  if (kept !== null) return kept;
  const id = keyDigest('file', { url: request.url });
  const path = join(cache.root, 'partial', `file-${id}`);
  const held = await holdWhenFree(`file/${keyDigest('hold', { path }).slice(0, 32)}`, signal);
  try {
    await mkdir(join(cache.root, 'partial'), { recursive: true });
    const download = { web, request, context, mark: `${path}.version` };
    return (await inPool(request, cache)) ?? (await bring(download, path));
  } finally {
    await held.release();
  }
}

async function inPool({ sha256, size }: FileRequest, cache: Cache): Promise<CachedFile | null> {
  if (sha256 === undefined) return null;
  const path = cache.blobPath(sha256);
  const found = await stat(path).catch(() => null);
  if (found === null || (size !== undefined && found.size !== size)) return null;
  const file = { sha256, size: found.size, path };
  await cache.touchBlob(sha256);
  // Without a size to go by, what is there is read.
  return size === undefined ? await cache.check(file) : file;
}

async function bring(download: Download, path: string): Promise<CachedFile> {
  const { request, context, mark } = download;
  const partial = await openPartial(path, request.size);
  const resumed = partial.at > 0;
  await complete(download, partial);
  const found = partial.hash.copy().digest('hex');
  if (request.sha256 !== undefined && found !== request.sha256) {
    await forget(download, partial);
    // A power cut may have left what was never written: then all of it is fetched.
    if (resumed) return await bring(download, path);
    throw new CpiabError('E2130', { subject: request.url, args: [found, request.sha256] });
  }
  await rm(mark, { force: true });
  return await context.cache.adoptHashed(path, { sha256: found, size: partial.at });
}

/** Tries until the server has sent all of it. A try that brought some doesn't count. */
async function complete(download: Download, partial: PartialFile): Promise<void> {
  const { request, context } = download;
  const { signal, pauses } = context;
  let before = partial.at;
  const attempt = async () => {
    before = partial.at;
    await goOn(download, partial);
  };
  const progressed = () => partial.at - before >= LEAST_PROGRESS;
  await withRetries(attempt, { signal, ...(pauses && { pauses }), progressed }).catch((cause: unknown) => {
    if (!(cause instanceof Retryable)) throw cause;
    throw new CpiabError('E3040', { subject: request.url, args: [cause.message], cause });
  });
}

async function goOn(download: Download, partial: PartialFile): Promise<void> {
  const { web, request, context } = download;
  const validator = await readMark(download);
  // Without a mark, only a digest can tell that two halves belong together.
  if (partial.at > 0 && validator === null && request.sha256 === undefined) await forget(download, partial);
  const answer = await web.get(request.url, headersFor(partial.at, validator));
  if (answer.statusCode === 416) return await atEnd(download, partial, answer);
  if (answer.statusCode === 206) await mustContinue(download, partial, answer, validator);
  else await begin(download, partial, answer);
  const size = sizeOf(answer, partial.at);
  const { signal, onBytes } = context;
  // One byte more than expected is enough to know that it is another file.
  const most = request.size === undefined ? Number.POSITIVE_INFINITY : request.size + 1;
  await append(partial, answer.body, { skip: 0, size: most, signal, onBytes });
  if (partial.at < Math.min(size, most)) throw new Retryable(`ended after ${partial.at} of ${size} bytes`);
}

function headersFor(at: number, validator: string | null): Record<string, string> {
  const identity = { 'accept-encoding': 'identity' };
  if (at === 0) return identity;
  return { ...identity, range: `bytes=${at}-`, ...(validator !== null && { 'if-range': validator }) };
}

/** The server has no byte after those that are there: either that is all, or they are of another file. */
async function atEnd(download: Download, partial: PartialFile, answer: Answer): Promise<void> {
  await discard(answer);
  const [, all] = /^bytes \*\/(\d+)$/.exec(String(answer.headers['content-range'])) ?? [];
  if (Number(all) === partial.at) return;
  await forget(download, partial);
  throw new Retryable('the file is shorter than what has come of it');
}

/** Bytes of the whole file; what is there, where the server doesn't say. */
function sizeOf({ headers }: Answer, at: number): number {
  return at + Number(headers['content-length'] ?? 0);
}

/** An answer with the whole file: what was there is of no use, and the mark is a new one. */
async function begin(download: Download, partial: PartialFile, answer: Answer): Promise<void> {
  if (partial.at > 0) await forget(download, partial);
  await writeMark(download, answer);
}

/** Not every server looks at `If-Range`. @throws Retryable for another part than was asked for, or of another version. */
async function mustContinue(
  download: Download,
  partial: PartialFile,
  { headers, body }: Answer,
  validator: string | null,
): Promise<void> {
  const start = /^bytes (\d+)-/.exec(String(headers['content-range']))?.[1];
  const versions = [headers['etag'], headers['last-modified']].filter((version) => version !== undefined);
  const same = validator === null || versions.length === 0 || versions.includes(validator);
  if (Number(start) === partial.at && same) return;
  body.destroy();
  await forget(download, partial);
  throw new Retryable('another part or version of it came than was asked for');
}

/** What of the answer's head tells this version from others; a weak tag does not. */
async function writeMark({ mark }: Download, { headers }: Answer): Promise<void> {
  const etag = headers['etag'];
  const strong = typeof etag === 'string' && !etag.startsWith('W/') ? etag : headers['last-modified'];
  if (typeof strong === 'string') await writeAtomic(mark, JSON.stringify({ validator: strong }));
  else await rm(mark, { force: true });
}

async function readMark({ mark }: Download): Promise<string | null> {
  const text = await readFile(mark, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return MarkSchema.parse(JSON.parse(text)).validator;
  } catch {
    return null;
  }
}

/** Throws away what has come. */
async function forget({ mark }: Download, partial: PartialFile): Promise<void> {
  await rm(partial.path, { force: true });
  await rm(mark, { force: true });
  Object.assign(partial, await openPartial(partial.path));
}

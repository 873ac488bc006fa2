import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { CpiabError } from '../../../contract/errors.ts';
import { type Digest, digestOf } from '../../../contract/manifest.ts';
import type { Inbox } from '../inbox.ts';
import type { Candidate } from './candidates.ts';

/**
 * Copies what was chosen from a stick, going on where a copy before was cut off.
 * @returns the digest by which the inbox has it.
 * @throws CpiabError E5305 without room, E2103 or E5313 when it gave something else the second time.
 */
export async function copyIn(chosen: Candidate, inbox: Inbox, signal: AbortSignal): Promise<Digest> {
  const { files, name } = chosen;
  const length = files.reduce((sum, { size }) => sum + size, 0);
  const digest = await digestOfAll(files, signal);
  const offset = await inbox.received(digest);
  const received = await inbox.append({ digest, length, offset }, contentFrom(files, offset), signal);
  if (received === length) return digest;
  throw new CpiabError('E5313', { subject: 'the stick', args: [`${name} changed while it was read`] });
}

async function digestOfAll(files: Candidate['files'], signal: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of contentFrom(files, 0)) {
    signal.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return digestOf(hash.digest('hex'));
}

/** What files hold, one after another, from a position on. */
function contentFrom(files: Candidate['files'], offset: number): Readable {
  return Readable.from(pieces(files, offset), { objectMode: false });
}

async function* pieces(files: Candidate['files'], offset: number): AsyncGenerator<Buffer> {
  let before = 0;
  for (const { path, size } of files) {
    const start = Math.max(0, offset - before);
    before += size;
    if (start < size) yield* createReadStream(path, { start, highWaterMark: 1 << 20 });
  }
}

import { createReadStream } from 'node:fs';
import { createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { CpiabError } from '../contract/errors.ts';

/**
 * The members of a bundle's `.tar.zst`, in its order. Each is consumed before the next is asked for.
 * @throws CpiabError E2106 where it is cut off, or no tar.
 */
export async function* tarballEntries(path: string) {
  const archive = extract();
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  const plain = createZstdDecompress();
  const damaged = (cause: unknown) => new CpiabError('E2106', { subject: path, cause });
  for (const stream of [source, plain]) stream.on('error', (cause) => archive.destroy(damaged(cause)));
  // It comes to the loop, too; with nobody in the loop or at its member just then, it must not end the process.
  archive.on('error', () => {});
  archive.on('entry', (_header, member) => member.on('error', () => {}));
  source.pipe(plain).pipe(archive);
  try {
    yield* archive;
  } catch (cause) {
    throw cause instanceof CpiabError ? cause : damaged(cause);
  } finally {
    for (const stream of [source, plain, archive]) stream.destroy();
  }
}

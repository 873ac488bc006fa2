import { chunkBytes } from '../../contract/chunk-index.ts';

/**
 * Reads chunks in order, the next one already on its way while this one is used. There are two buffers in
 * turn, so what was read is good for one step only.
 */
export async function* oneAhead<Read>(
  chunks: readonly number[],
  signal: AbortSignal,
  read: (chunk: number, buffer: Buffer) => Promise<Read>,
): AsyncGenerator<{ chunk: number; read: Read }> {
  const buffers = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)] as const;
  const start = (at: number) => {
    const reading = read(chunks[at] ?? 0, buffers[at % 2 === 0 ? 0 : 1]);
    // Whoever stops early awaits it no more; else its failure is seen below.
    reading.catch(() => {});
    return reading;
  };
  let next = chunks.length > 0 ? start(0) : null;
  for (const [at, chunk] of chunks.entries()) {
    signal.throwIfAborted();
    const found = await next;
    next = at + 1 < chunks.length ? start(at + 1) : null;
    yield { chunk, read: found as Read };
  }
}

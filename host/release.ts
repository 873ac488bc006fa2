/**
 * Gives a buffer's memory back now, not when V8 next collects: for every 64 MB of it V8 goes through all objects of the
 * thread, which took a fifth of the time of whatever passes much data. Nobody may hold the buffer, or a part of it.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  // Small buffers share one with others, a little larger than the size of the pool, which can't be given back.
  const isOwn = byteLength === buffer.byteLength || buffer.byteLength > 2 * Buffer.poolSize;
  if (buffer instanceof ArrayBuffer && isOwn) buffer.transfer(0);
}

/** A stream whose parts are there until the next is asked for. */
export async function* releasing<Part extends Uint8Array>(stream: AsyncIterable<Part>): AsyncGenerator<Part> {
  for await (const part of stream) {
    yield part;
    release(part);
  }
}

import { addAbortSignal, type Readable } from 'node:stream';
import { messageOf } from '../../contract/message-of.ts';
import { Retryable } from './retry.ts';

/** Slower than any line that an image is fetched by: a gigabyte would take twelve days. */
const SLOWEST_BYTES_PER_SECOND = 1024;
/** For so long it may be slow, milliseconds. */
export const SLOW_MS = 60_000;

/**
 * What comes, until it ends, breaks off, or drips: each byte in time for a limit on silence, all of them never.
 * @throws Retryable
 */
export async function* received(
  body: Readable,
  { signal, slowMs = SLOW_MS }: { signal: AbortSignal; slowMs?: number | undefined },
): AsyncGenerator<Buffer> {
  let came = 0;
  const timer = setInterval(() => {
    if (came < (SLOWEST_BYTES_PER_SECOND * slowMs) / 1000)
      body.destroy(new Error(`only ${came} bytes in ${slowMs} ms`));
    came = 0;
  }, slowMs);
  try {
    for await (const chunk of addAbortSignal(signal, body)) {
      came += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new Retryable(messageOf(cause), { cause });
  } finally {
    clearInterval(timer);
  }
}

import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import { digestOf, hexOf } from '../../contract/manifest.ts';
import { type ProgressSink, tracked } from '../../contract/progress.ts';
import { ReceivedSchema } from '../../contract/update.ts';
import { sha256File } from '../../host/files.ts';
import { requireFile } from '../../host/input-file.ts';
import { askBox, type OperatedBox } from './operator.ts';

/** Bytes of a part: what a slow line brings within the box's time for a request. */
const PART = 4 << 20;
/** A box answers late when it is busy or emulated. */
const ANSWER_MS = 120_000;
/** Times that a part which did not arrive is sent again. */
const TRIES = 5;
const PAUSE_MS = 2000;

/** Brings a file to a box, in parts; what a broken connection left there is gone on with. */
export async function sendFile(
  box: OperatedBox,
  path: string,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  await requireFile(path);
  const { sha256, size } = await sha256File(path, signal);
  const id = 'send';
  await tracked(progress, { id, title: `send ${path}`, phase: 'write', total: size }, async () => {
    const where = `/v1/update/${hexOf(digestOf(sha256))}`;
    let { received } = await askBox(box, where, { timeoutMs: ANSWER_MS, signal }, ReceivedSchema);
    const file = await open(path);
    try {
      do {
        progress({ type: 'progress', id, bytes: received, total: size });
        const { buffer, bytesRead } = await file.read(Buffer.alloc(PART), 0, PART, received);
        const part = {
          where: `${where}?offset=${received}&length=${size}`,
          bytes: buffer.subarray(0, bytesRead),
        };
        ({ received } = await sendPart(box, part, signal));
      } while (received < size);
    } finally {
      await file.close();
    }
  });
}

async function sendPart(
  box: OperatedBox,
  { where, bytes }: { where: string; bytes: Buffer },
  signal: AbortSignal,
): Promise<{ received: number }> {
  for (let tries = 1; ; tries++) {
    const headers = { 'content-length': String(bytes.length) };
    const request = {
      method: 'PUT',
      headers,
      body: Readable.from([bytes]),
      timeoutMs: ANSWER_MS,
      signal,
    } as const;
    const answer = await askBox(box, where, request, ReceivedSchema).catch((error: unknown) => {
      const silent = error instanceof CpiabError && error.code === 'E5004' && tries < TRIES;
      if (!silent) throw error;
      return null;
    });
    if (answer !== null) return answer;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

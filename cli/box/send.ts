import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readHead } from '../../agent/update/update-file.ts';
import { CpiabError } from '../../contract/errors.ts';
import { digestOf, hexOf } from '../../contract/manifest.ts';
import { type ProgressSink, tracked } from '../../contract/progress.ts';
import { ReceivedSchema, type UpdateAnnouncement } from '../../contract/update.ts';
import { sha256File } from '../../host/files.ts';
import { requireFile } from '../../host/input-file.ts';
import { type OperatorClient, post } from './operator.ts';

/** Bytes of a part: what a slow line brings within the box's time for a request. */
export const PART = 4 << 20;
/** A box answers late when it is busy or emulated. */
const ANSWER_MS = 120_000;
/** Times that a part which did not arrive is sent again. */
const TRIES = 5;
const PAUSE_MS = 2000;

/**
 * Asks a box whether it would take an update: by its papers, a part in a thousand of the whole.
 * @throws CpiabError E5308 with the box's own error; E5311, E2303, E2106 for a file that is no update.
 */
export async function announce(client: OperatorClient, path: string): Promise<void> {
  await requireFile(path);
  const { base, papers } = await readHead(path);
  const announcement: UpdateAnnouncement = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'UpdateAnnouncement',
    base,
    papers: Object.fromEntries(
      [...papers].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
    ),
  };
  await client.ask('/v1/update', post(announcement, ANSWER_MS), z.unknown());
}

/** Lets a box take what a stick has that is in it. @throws CpiabError E5308 with the box's own error. */
export async function takeStick(client: OperatorClient): Promise<void> {
  await client.ask('/v1/update/stick', { method: 'POST', timeoutMs: ANSWER_MS }, z.unknown());
}

/** Brings a file to a box, in parts; what a broken connection left there is gone on with. */
export async function sendFile(
  client: OperatorClient,
  path: string,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  await requireFile(path);
  const { sha256, size } = await sha256File(path, signal);
  const id = 'send';
  await tracked(progress, { id, title: `send ${path}`, phase: 'write', total: size }, async () => {
    const where = `/v1/update/${hexOf(digestOf(sha256))}`;
    let { received } = await client.ask(where, { timeoutMs: ANSWER_MS }, ReceivedSchema);
    const file = await open(path);
    try {
      do {
        progress({ type: 'progress', id, bytes: received, total: size });
        const { buffer, bytesRead } = await file.read(Buffer.alloc(PART), 0, PART, received);
        const part = {
          where: `${where}?offset=${received}&length=${size}`,
          bytes: buffer.subarray(0, bytesRead),
        };
        ({ received } = await sendPart(client, part, signal));
      } while (received < size);
    } finally {
      await file.close();
    }
  });
}

/** Sends one part, again where no answer came. @returns what the box has then. */
export async function sendPart(
  client: OperatorClient,
  { where, bytes }: { where: string; bytes: Buffer },
  signal: AbortSignal,
): Promise<{ received: number }> {
  for (let tries = 1; ; tries++) {
    const headers = { 'content-length': String(bytes.length) };
    const body = Readable.from([bytes]);
    const request = { method: 'PUT', headers, body, timeoutMs: ANSWER_MS } as const;
    const answer = await client.ask(where, request, ReceivedSchema).catch((error: unknown) => {
      const silent = error instanceof CpiabError && error.code === 'E5004' && tries < TRIES;
      if (!silent) throw error;
      return null;
    });
    if (answer !== null) return answer;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

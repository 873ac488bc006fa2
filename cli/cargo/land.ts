import { cargoArchive, checkContent, openContent } from '../../builder/cargo/content.ts';
import { type OpenCargo, openCargo, requireCurrent } from '../../builder/cargo/open.ts';
import { type BackupManifest, BackupManifestSchema, type Landing } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type ProgressSink, tracked } from '../../contract/progress.ts';
import { ReceivedSchema } from '../../contract/update.ts';
import { type BoxAddress, fetchStatus } from '../box/client.ts';
import { OperatorClient } from '../box/operator.ts';
import { PART, sendPart } from '../box/send.ts';
import type { Watched } from './seal.ts';
import type { CargoKeys } from './verify.ts';

const ANSWER_MS = 120_000;
const LONGEST_MS = 6 * 3_600_000;

export interface LandOptions {
  /** The box's identifier, where its own state may go. */
  replace?: string | undefined;
}

/**
 * Checks a cargo to its end, brings it to the box that it was sealed for, and lands it there: the box restarts into it,
 * as itself. Cut off, it is gone on with.
 * @throws CpiabError what `verifyCargo` throws, E1413, E5308 with the box's own refusal.
 */
export async function landCargo(
  directory: string,
  box: BoxAddress,
  { senderKey, identities }: CargoKeys,
  { replace }: LandOptions,
  { signal, progress }: Watched,
): Promise<{ cargo: OpenCargo; contents: BackupManifest }> {
  const { id: boxId, site } = (await fetchStatus(box)).box;
  const cargo = await openCargo(directory, senderKey);
  const { fingerprint } = box;
  requireCurrent(cargo, { now: Date.now(), receiver: { boxId, fingerprint }, after: 0 });
  const content = await openContent(cargo, identities);
  const client = await OperatorClient.of(box, site, signal);
  const landing = papersOf(cargo);
  const checked = { id: 'decrypt', title: 'decrypt and check all of it', phase: 'check' as const };
  const { sha256, size } = await tracked(progress, checked, () =>
    checkContent(content, landing, (bytes) => {
      signal.throwIfAborted();
      progress({ type: 'progress', id: 'decrypt', bytes });
    }),
  );
  const where = `/v1/cargo/${sha256}`;
  const sent = { id: 'send', title: `bring it to ${box.url.host}`, phase: 'write' as const, total: size };
  await tracked(progress, sent, () =>
    send(client, { where, size }, cargoArchive(content, landing), progress, signal),
  );
  const headers = replace === undefined ? {} : { 'cpiab-replace': replace };
  const order = { method: 'POST' as const, headers, timeoutMs: LONGEST_MS };
  const title = 'the box unpacks and checks it';
  const contents = await tracked(progress, { id: 'land', title }, () =>
    client.ask(where, order, BackupManifestSchema),
  );
  return { cargo, contents };
}

function papersOf({ manifest, digest, key }: OpenCargo): Landing {
  const { sequence, created, expires, receiver } = manifest;
  const { boxId, fingerprint } = receiver;
  return { cargo: digest, key, sequence, created, expires, receiver: { boxId, fingerprint } };
}

/** What the box has of it already is not sent again. */
async function send(
  client: OperatorClient,
  { where, size }: { where: string; size: number },
  archive: AsyncIterable<Buffer>,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  let { received } = await client.ask(where, { timeoutMs: ANSWER_MS }, ReceivedSchema);
  for await (const bytes of partsFrom(archive, received)) {
    const part = { where: `${where}?offset=${received}&length=${size}`, bytes };
    const expected = received + bytes.length;
    ({ received } = await sendPart(client, part, signal));
    progress({ type: 'progress', id: 'send', bytes: received });
    if (received !== expected) {
      const why = `it has ${received} bytes of it, not ${expected}`;
      throw new CpiabError('E5308', {
        subject: where,
        args: [why, 'run it again when nobody else lands there'],
      });
    }
  }
}

/** A stream from a byte on, in parts of one size. */
async function* partsFrom(archive: AsyncIterable<Buffer>, from: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  let skip = from;
  for await (const piece of archive) {
    const rest = piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - rest.length;
    held.push(rest);
    length += rest.length;
    if (length < PART) continue;
    yield Buffer.concat(held);
    held = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(held);
}

import { cargoArchive, openContent } from '../../builder/cargo/content.ts';
import { type OpenCargo, openCargo } from '../../builder/cargo/open.ts';
import { type BackupManifest, BackupManifestSchema } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type ProgressSink, tracked } from '../../contract/progress.ts';
import { ReceivedSchema } from '../../contract/update.ts';
import { requireCurrent } from '../../host/cargo/papers.ts';
import { type BoxAddress, fetchStatus } from '../box/client.ts';
import { OperatorClient, post } from '../box/operator.ts';
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
 * Brings a cargo to the box that it was sealed for, chunk by chunk as it is checked, and lands it there: the box holds
 * all of it against the sender's signature and restarts into it, as itself. Cut off, it is gone on with.
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
  const { manifest, papers } = cargo;
  const { fingerprint } = box;
  requireCurrent(directory, manifest, { now: Date.now(), receiver: { boxId, fingerprint }, after: 0 });
  const content = await openContent(cargo, identities);
  const client = await OperatorClient.of(box, site, signal);
  const { sha256, size } = manifest.archive;
  const where = `/v1/cargo/${sha256}`;
  const sent = { id: 'send', title: `bring it to ${box.url.host}`, phase: 'write' as const, total: size };
  await tracked(progress, sent, () => send(client, { where, size }, cargoArchive(content), progress, signal));
  const order = post(papers, LONGEST_MS);
  const headers = { ...order.headers, ...(replace === undefined ? {} : { 'cpiab-replace': replace }) };
  const title = 'the box checks and unpacks it';
  const contents = await tracked(progress, { id: 'land', title }, () =>
    client.ask(where, { ...order, headers }, BackupManifestSchema),
  );
  return { cargo, contents };
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

/** A stream from a byte on, in parts of one size. What is in one is there until the next is asked for. */
async function* partsFrom(archive: AsyncIterable<Buffer>, from: number): AsyncGenerator<Buffer> {
  const part = Buffer.alloc(PART);
  let length = 0;
  let skip = from;
  for await (const bytes of archive) {
    let at = Math.min(skip, bytes.length);
    skip -= at;
    while (at < bytes.length) {
      const copied = bytes.copy(part, length, at);
      at += copied;
      length += copied;
      if (length < PART) continue;
      yield part;
      length = 0;
    }
  }
  if (length > 0) yield part.subarray(0, length);
}

import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keysDirectory } from '../../builder/bundle/keys.ts';
import { SenderRecord, signingKey } from '../../builder/cargo/sender.ts';
import { requireOwn, type WrittenCargo, writeCargo } from '../../builder/cargo/write.ts';
import type { CargoReceiver } from '../../contract/cargo.ts';
import { type ProgressSink, tracked } from '../../contract/progress.ts';
import { decryptAge } from '../../host/age/age.ts';
import { type Identity, makeIdentity, parseIdentities, recipientOf } from '../../host/age/keys.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { readTextFile } from '../../host/input-file.ts';
import { releasing } from '../../host/release.ts';
import { fetchBackup, settle } from '../backup/make.ts';
import { type BoxAddress, fetchStatus } from '../box/client.ts';
import { OperatorClient } from '../box/operator.ts';

export interface Watched {
  signal: AbortSignal;
  progress: ProgressSink;
}

export interface SealOptions {
  /** How long it may be landed. */
  lifeMs: number;
}

/**
 * Seals a box's state for one receiver into a directory. Cut off, it is gone on with; into a directory with an earlier
 * cargo for the same receiver it writes what that does not have.
 * @throws CpiabError E1413 and E1430 for keys that this machine has not, E1431, E2190, and what a backup throws.
 */
export async function sealCargo(
  box: BoxAddress,
  receiver: CargoReceiver,
  directory: string,
  { lifeMs }: SealOptions,
  { signal, progress }: Watched,
): Promise<WrittenCargo> {
  const { site } = (await fetchStatus(box)).box;
  const keys = keysDirectory(site);
  const client = await OperatorClient.of(box, site, signal);
  const key = await signingKey(keys, site);
  await requireOwn(directory, receiver);
  const record = await SenderRecord.of(keys, receiver);
  // Beside the cargo: what the box gave, and the key for it, must not be carried with it.
  const work = `${await ensureDirectory(directory)}.seal`;
  await mkdir(work, { recursive: true, mode: 0o700 });
  const { identity, recipient } = await runKey(join(work, 'identity'));
  const file = join(work, 'archive');
  const asked = { recipients: [recipient], contents: 'cargo' as const };
  const fetched = await fetchBackup(client, asked, file, progress);
  const part = { id: 'seal', title: 'seal it', phase: 'write' as const, total: fetched.size };
  const archive = releasing(decryptAge(releasing(counted(`${file}.part`, progress)), [identity]));
  const written = await tracked(progress, part, () =>
    writeCargo({ directory, archive, receiver, record, key, now: Date.now(), lifeMs, signal }),
  );
  await settle(client, fetched, file);
  await rm(work, { recursive: true });
  return written;
}

/** What the box encrypts for: a key of this seal alone, which a next run has too. */
async function runKey(path: string): Promise<{ identity: Identity; recipient: string }> {
  const text = await readTextFile(path).catch(() => '');
  const [identity] = parseIdentities(text) ?? [];
  const recipient = recipientOf(text.trim());
  if (identity !== undefined && recipient !== null) return { identity, recipient };
  const { secret, ...made } = makeIdentity();
  await writeAtomic(path, `${secret}\n`, { mode: 0o600 });
  return made;
}

async function* counted(path: string, progress: ProgressSink): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) {
    bytes += (part as Buffer).length;
    progress({ type: 'progress', id: 'seal', bytes });
    yield part as Buffer;
  }
}

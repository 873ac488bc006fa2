import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type BackupManifest, BackupManifestSchema } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { AgeError, decryptAge } from '../../host/age/age.ts';
import type { Identity } from '../../host/age/keys.ts';
import { ArchiveError, readBackup } from '../../host/backup/archive.ts';
import { requireFile } from '../../host/input-file.ts';
import type { OperatorClient } from '../box/operator.ts';

const LONGEST_MS = 6 * 3_600_000;

/** Decrypts a backup to its end and checks it; nothing is kept. @throws CpiabError E2180, E2181. */
export async function checkBackup(file: string, identities: readonly Identity[]): Promise<BackupManifest> {
  await requireFile(file);
  try {
    return await readBackup(decryptAge(createReadStream(file), identities), async () => {});
  } catch (cause) {
    if (cause instanceof AgeError)
      throw new CpiabError('E2181', { subject: file, args: [cause.message], cause });
    if (cause instanceof ArchiveError)
      throw new CpiabError('E2180', { subject: file, args: [cause.message], cause });
    throw cause;
  }
}

/** Sends a checked backup, decrypted on the way, to a box that puts it in place with a reboot. */
export async function sendBackup(
  client: OperatorClient,
  file: string,
  identities: readonly Identity[],
  replace: string | undefined,
): Promise<BackupManifest> {
  const body = Readable.from(decryptAge(createReadStream(file), identities), { objectMode: false });
  const headers = {
    'content-type': 'application/x-tar',
    ...(replace === undefined ? {} : { 'cpiab-replace': replace }),
  };
  const asked = { method: 'POST' as const, headers, body, timeoutMs: LONGEST_MS };
  return await client.ask('/v1/restore', asked, BackupManifestSchema);
}

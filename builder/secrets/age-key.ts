import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { siteSecrets } from '../../contract/secrets.ts';
import { makeIdentity, recipientOf } from '../../host/age/keys.ts';
import { writeAtomic } from '../../host/files.ts';
import { readPrivateFile } from '../../host/private-file.ts';

/** A site's age key, and those before it as long as something may still be encrypted for them. */
export interface AgeKey {
  path: string;
  /** `AGE-SECRET-KEY-1…`, the newest first. At least one. */
  secrets: string[];
  /** `age1…` of each. */
  recipients: string[];
}

/** @returns null when there is none yet. @throws CpiabError E1412 for a file without one, E1420 for one that others may read. */
export async function readAgeKey(directory: string): Promise<AgeKey | null> {
  const path = join(directory, siteSecrets.keyFile);
  const text = await readPrivateFile(path).catch((error: unknown) => {
    if (error instanceof CpiabError && error.code === 'E1006') return null;
    throw error;
  });
  if (text === null) return null;
  const lines = text.split('\n').map((line) => line.trim());
  const secrets = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const recipients = secrets.map(recipientOf).filter((one) => one !== null);
  if (secrets.length === 0 || recipients.length < secrets.length)
    throw new CpiabError('E1412', { subject: path, args: ['identity of age'] });
  return { path, secrets, recipients };
}

/** Makes a key and puts it before those that there are. */
export async function addAgeKey(directory: string, before: AgeKey | null): Promise<AgeKey> {
  const { secret } = makeIdentity();
  return await writeAgeKey(directory, [secret, ...(before?.secrets ?? [])]);
}

/** Forgets all but the newest. */
export async function retireAgeKeys(directory: string, { secrets }: AgeKey): Promise<AgeKey> {
  return await writeAgeKey(directory, secrets.slice(0, 1));
}

/** In the form of age-keygen, so that age and SOPS read it. */
async function writeAgeKey(directory: string, secrets: string[]): Promise<AgeKey> {
  const path = join(directory, siteSecrets.keyFile);
  const recipients = secrets.map((secret) => recipientOf(secret) ?? '');
  const text = secrets.map((secret, index) => `# public key: ${recipients[index]}\n${secret}\n`).join('');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeAtomic(path, text, { mode: 0o600 });
  return { path, secrets, recipients };
}

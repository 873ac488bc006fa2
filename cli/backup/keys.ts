import { CpiabError } from '../../contract/errors.ts';
import {
  type Identity,
  type KeyIdentity,
  parseIdentities,
  parseRecipient,
  passphrase,
} from '../../host/age/keys.ts';
import { readTextFile } from '../../host/input-file.ts';

/** The first line of a file. @throws CpiabError E1412 for an empty one. */
export async function readPassphrase(file: string): Promise<string> {
  const [line = ''] = (await readTextFile(file)).split(/\r?\n/);
  if (line === '') throw new CpiabError('E1412', { subject: file, args: ['passphrase'] });
  return line;
}

/** What decrypts: a file of age-keygen, or one with a passphrase. @throws CpiabError E1411, E1412. */
export async function readIdentities(
  identity: string | undefined,
  passphraseFile: string | undefined,
): Promise<Identity[]> {
  if (passphraseFile !== undefined && identity === undefined)
    return [passphrase(await readPassphrase(passphraseFile))];
  if (identity === undefined || passphraseFile !== undefined)
    throw new CpiabError('E1411', { subject: 'cpiab restore' });
  return await readKeyIdentities(identity);
}

/** @param file as age-keygen writes it. @throws CpiabError E1412. */
export async function readKeyIdentities(file: string): Promise<KeyIdentity[]> {
  const found = parseIdentities(await readTextFile(file));
  if (found === null) throw new CpiabError('E1412', { subject: file, args: ['identity of age'] });
  return found;
}

/** @throws CpiabError E1412. */
export function requireRecipients(texts: readonly string[]): void {
  for (const text of texts)
    if (parseRecipient(text) === null)
      throw new CpiabError('E1412', { subject: `--recipient ${text}`, args: ['recipient of age'] });
}
